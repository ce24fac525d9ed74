package command

// Error is a user error with its code: the text of a RESP error reply without the leading '-'.
type Error string

func (e Error) Error() string { return string(e) }

// The errors that more than one command replies, with Redis's texts.
const (
	ErrSyntax        Error = "ERR syntax error"
	ErrWrongType     Error = "WRONGTYPE Operation against a key holding the wrong kind of value"
	ErrNotInt        Error = "ERR value is not an integer or out of range"
	ErrNotFloat      Error = "ERR value is not a valid float"
	ErrNoSuchKey     Error = "ERR no such key"
	ErrOutOfRange    Error = "ERR value is out of range"
	ErrPositive      Error = "ERR value is out of range, must be positive"
	ErrIndexRange    Error = "ERR index out of range"
	ErrOverflow      Error = "ERR increment or decrement would overflow"
	ErrNaNOrInf      Error = "ERR increment would produce NaN or Infinity"
	ErrStringTooLong Error = "ERR string exceeds maximum allowed size (proto-max-bulk-len)"
	ErrUnitTooLarge  Error = "ERR the command exceeds max-unit-bytes"
	ErrDBIndex       Error = "ERR DB index is out of range"
	ErrSameObject    Error = "ERR source and destination objects are the same"
	ErrInvalidCursor Error = "ERR invalid cursor"
	ErrOffsetRange   Error = "ERR offset is out of range"
	ErrNumkeys       Error = "ERR numkeys should be greater than 0"
	ErrNestedMulti   Error = "ERR MULTI calls can not be nested"

	ErrNoAuth     Error = "NOAUTH Authentication required."
	ErrOOM        Error = "OOM command not allowed when used memory > 'maxmemory'."
	ErrLoading    Error = "LOADING Redis is loading the dataset in memory"
	ErrNoReplicas Error = "NOREPLICAS Not enough good replicas to write."
	ErrReadOnly   Error = "READONLY You can't write against a read only replica."
	ErrNotAllowed Error = "ERR This Redis command is not allowed from script"
	ErrNoScript   Error = "NOSCRIPT No matching script. Please use EVAL."
	ErrExecAbort  Error = "EXECABORT Transaction discarded because of previous errors."
)

// WrongArity is the error for a call with the wrong number of arguments.
func WrongArity(name string) Error {
	return Error("ERR wrong number of arguments for '" + name + "' command")
}

// InvalidExpire is the error for an expiry that overflows or lies at or before zero.
func InvalidExpire(name string) Error {
	return Error("ERR invalid expire time in '" + name + "' command")
}
