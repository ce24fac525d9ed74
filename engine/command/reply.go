package command

// Reply is where a handler writes its one reply: the client's output in RESP2 or RESP3, or Lua values for a script. After Array, Map,
// Set or Push the announced number of replies follows. Bytes are copied during the call.
type Reply interface {
	// Proto is 2 or 3: how the receiver wants maps, sets, doubles and nulls. Writers convert by themselves; handlers ask only where
	// Redis replies in another shape.
	Proto() int
	Int(n int64)
	Bulk(b []byte)
	BulkString(s string)
	Status(s string)
	Error(msg string) // with its code: "ERR syntax error"
	Nil()             // null bulk in RESP2
	NilArray()        // null array in RESP2
	Double(f float64)
	Position(f float64)        // a double with 17 decimals, as Redis prints coordinates; bulk in RESP2
	Bool(b bool)               // integer 1 or 0 in RESP2
	BigNumber(s string)        // bulk in RESP2
	Verbatim(format, s string) // bulk in RESP2
	Array(n int)
	Map(n int) // n pairs; flat array of 2n in RESP2
	Set(n int) // array in RESP2
	Push(n int)
	// DeferArray begins an array whose length is not yet known; EndArray, with DeferArray's mark, says it. DeferMap and DeferSet
	// likewise; EndMap counts pairs.
	DeferArray() int
	EndArray(mark, n int)
	DeferMap() int
	EndMap(mark, n int)
	DeferSet() int
	EndSet(mark, n int)
	// Full reports that the receiver takes no more: a client beyond its output limit, which is closed, or a script out of memory,
	// which is stopped. Who repeats as often as the caller has said asks it now and then, and leaves the reply as it is.
	Full() bool
}
