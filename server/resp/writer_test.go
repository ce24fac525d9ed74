package resp

import (
	"math"
	"testing"
)

func TestWriter(t *testing.T) {
	tests := []struct {
		name         string
		write        func(w *Writer)
		resp2, resp3 string
	}{
		{"int", func(w *Writer) { w.Int(-7); w.Int(12) }, ":-7\r\n:12\r\n", ":-7\r\n:12\r\n"},
		{"min", func(w *Writer) { w.Int(math.MinInt64) }, ":-9223372036854775808\r\n", ":-9223372036854775808\r\n"},
		{"bulk", func(w *Writer) { w.Bulk([]byte("ab")); w.BulkString("") }, "$2\r\nab\r\n$0\r\n\r\n", "$2\r\nab\r\n$0\r\n\r\n"},
		{"nil", func(w *Writer) { w.Nil(); w.NilArray() }, "$-1\r\n*-1\r\n", "_\r\n_\r\n"},
		{"error", func(w *Writer) { w.Error("ERR a\r\nb\n\r\n") }, "-ERR a  b\r\n", "-ERR a  b\r\n"},
		{"double", func(w *Writer) { w.Double(0.1); w.Double(math.Inf(-1)) }, "$3\r\n0.1\r\n$4\r\n-inf\r\n", ",0.1\r\n,-inf\r\n"},
		{"bool", func(w *Writer) { w.Bool(true); w.Bool(false) }, ":1\r\n:0\r\n", "#t\r\n#f\r\n"},
		{"big", func(w *Writer) { w.BigNumber("123") }, "$3\r\n123\r\n", "(123\r\n"},
		{"verbatim", func(w *Writer) { w.Verbatim("txt", "hi") }, "$2\r\nhi\r\n", "=6\r\ntxt:hi\r\n"},
		{"containers", func(w *Writer) { w.Array(1); w.Map(1); w.Set(2); w.Push(11) }, "*1\r\n*2\r\n*2\r\n*11\r\n", "*1\r\n%1\r\n~2\r\n>11\r\n"},
		{"deferred", func(w *Writer) {
			a := w.DeferArray()
			m := w.DeferMap()
			w.Int(1)
			w.Int(2)
			w.EndMap(m, 1)
			s := w.DeferSet()
			for range 12 {
				w.Int(3)
			}
			w.EndSet(s, 12)
			w.EndArray(a, 2)
		}, "*2\r\n*2\r\n:1\r\n:2\r\n*12\r\n:3\r\n:3\r\n:3\r\n:3\r\n:3\r\n:3\r\n:3\r\n:3\r\n:3\r\n:3\r\n:3\r\n:3\r\n",
			"*2\r\n%1\r\n:1\r\n:2\r\n~12\r\n:3\r\n:3\r\n:3\r\n:3\r\n:3\r\n:3\r\n:3\r\n:3\r\n:3\r\n:3\r\n:3\r\n:3\r\n"},
	}
	for _, tt := range tests {
		for proto, want := range map[bool]string{false: tt.resp2, true: tt.resp3} {
			w := &Writer{RESP3: proto}
			if tt.write(w); string(w.Buf) != want {
				t.Errorf("%s, RESP3 %v: %q, want %q", tt.name, proto, w.Buf, want)
			}
		}
	}
}

func TestWriterAllocs(t *testing.T) {
	w := &Writer{Buf: make([]byte, 0, 1<<10)}
	val := []byte("value")
	n := testing.AllocsPerRun(100, func() {
		w.Buf = w.Buf[:0]
		w.Bulk(val)
		w.Status("OK")
		w.Double(3.25)
		m := w.DeferArray()
		w.Int(1)
		w.EndArray(m, 1)
		w.Error("ERR syntax error")
	})
	if n != 0 {
		t.Errorf("%v allocations, want 0", n)
	}
}
