package resp

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

// parseAll feeds in to a reader in the given pieces and returns every command, and the error that ended it.
func parseAll(pieces ...[]byte) (out []string, err error) {
	r := &Reader{MaxBulk: DefaultMaxBulk}
	lent := make([]byte, 1<<10)
	for _, p := range pieces {
		for len(p) > 0 {
			n := copy(lent, p)
			p = p[n:]
			r.Feed(lent[:n])
			for {
				args, err := r.Next()
				if err != nil {
					return out, err
				}
				if args == nil {
					break
				}
				out = append(out, fmt.Sprintf("%q", args))
			}
			r.Keep()
			for i := range lent {
				lent[i] = 0xee // whatever was not copied is gone
			}
		}
	}
	return out, nil
}

func TestReaderCommands(t *testing.T) {
	tests := []struct{ in, want, err string }{
		{"*1\r\n$4\r\nPING\r\n", `["PING"]`, ""},
		{"*2\r\n$3\r\nGET\r\n$0\r\n\r\n*1\r\n$4\r\nPING\r\n", `["GET" ""] ["PING"]`, ""},
		{"*0\r\n*-5\r\nPING\r\n", `["PING"]`, ""},
		{"*1\r\n$4\r\nPINGxxPING\r\n", `["PING"] ["PING"]`, ""},
		{"*1\rX$4\rXPING\r\n", `["PING"]`, ""},
		{"\r\n  \r\n  SET a  'b c' \n", `["SET" "a" "b c"]`, ""},
		{`PING "a\x41\n\q\"\xg" 'a\'b\n' x"y"` + "\r\n", `["PING" "aA\nq\"xg" "a'b\\n" "xy"]`, ""},
		{`"" a` + "\n", `["" "a"]`, ""},
		{"*3\r\n", "", ""},
		{"*x\r\n", "", "invalid multibulk length"},
		{"* 1\r\n", "", "invalid multibulk length"},
		{"*+1\r\n", "", "invalid multibulk length"},
		{"*01\r\n", "", "invalid multibulk length"},
		{"*2147483648\r\n", "", "invalid multibulk length"},
		{"*1\r\n\r\n", "", "expected '$', got ' '"},
		{"*1\r\n!4\r\nPING\r\n", "", "expected '$', got '!'"},
		{"*1\r\n\x01\r\n", "", "expected '$', got '\x01'"},
		{"*1\r\n$-1\r\n", "", "invalid bulk length"},
		{"*1\r\n$x\r\n", "", "invalid bulk length"},
		{"*1\r\n$536870913\r\n", "", "invalid bulk length"},
		{"PING\r\nPING \"abc\r\n", `["PING"]`, "unbalanced quotes in request"},
		{`PING "a"b` + "\r\n", "", "unbalanced quotes in request"},
		{"*" + strings.Repeat("1", 70000), "", "too big mbulk count string"},
		{"*1\r\n$" + strings.Repeat("1", 70000), "", "too big bulk count string"},
		{strings.Repeat("A", 70000), "", "too big inline request"},
	}
	for _, tt := range tests {
		out, err := parseAll([]byte(tt.in))
		got, text := strings.Join(out, " "), ""
		if err != nil {
			text = strings.TrimPrefix(err.Error(), "ERR Protocol error: ")
		}
		if got != tt.want || text != tt.err {
			t.Errorf("%.40q: got %s, %q; want %s, %q", tt.in, got, text, tt.want, tt.err)
		}
	}
}

func TestReaderUnauthenticated(t *testing.T) {
	for in, want := range map[string]string{
		"*11\r\n":           "ERR Protocol error: unauthenticated multibulk length",
		"*1\r\n$16385\r\n":  "ERR Protocol error: unauthenticated bulk length",
		"*10\r\n$16384\r\n": "",
	} {
		r := &Reader{MaxBulk: DefaultMaxBulk, Unauthenticated: true}
		r.Feed([]byte(in))
		_, err := r.Next()
		if got := fmt.Sprint(err); got != want && (err != nil || want != "") {
			t.Errorf("%q: %v, want %q", in, err, want)
		}
	}
}

// TestReaderLargeArgument reads a large argument through Space, byte counts of any size, and checks that memory follows the bytes
// and not the announcement.
func TestReaderLargeArgument(t *testing.T) {
	r := &Reader{MaxBulk: DefaultMaxBulk}
	r.Feed([]byte("*2\r\n$1\r\na\r\n$500000000\r\n"))
	if args, err := r.Next(); args != nil || err != nil {
		t.Fatal(args, err)
	}
	r.Keep()
	if used, free := r.Buffered(); used+free > 1<<10 {
		t.Fatalf("%d bytes set aside for an announced length", used+free)
	}

	const size = 3_000_000
	r = &Reader{MaxBulk: DefaultMaxBulk}
	in := append([]byte(fmt.Sprintf("*2\r\n$4\r\nECHO\r\n$%d\r\n", size)), bytes.Repeat([]byte("x"), size)...)
	in = append(in, "\r\n*1\r\n$4\r\nPING\r\n"...)
	var got []string
	for len(in) > 0 {
		n := copy(r.Space(4096), in)
		r.Filled(n)
		in = in[n:]
		for {
			args, err := r.Next()
			if err != nil {
				t.Fatal(err)
			}
			if args == nil {
				break
			}
			got = append(got, fmt.Sprint(string(args[0]), len(args[len(args)-1])))
		}
	}
	if fmt.Sprint(got) != "[ECHO3000000 PING4]" {
		t.Fatal(got)
	}
	r.Keep()
	if used, free := r.Buffered(); used != 0 || free != 0 {
		t.Errorf("%d+%d bytes kept after a large argument", used, free)
	}
}

func FuzzReader(f *testing.F) {
	for _, s := range []string{"*1\r\n$4\r\nPING\r\n", "SET 'a' \"b\\x00\"\r\n", "*2\r\n$1\r\na\r\n$2\r\nbc\r\n*1\r\n$1\r\nx\r\n\r\nPING\n",
		"*-1\r\n*0\r\n*x", "*1\r\n$x\r\n", "*1\r\n:1\r\n"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		want, wantErr := parseAll(in)
		for i := range min(len(in), 200) {
			got, err := parseAll(in[:i], in[i:])
			if fmt.Sprint(got, err) != fmt.Sprint(want, wantErr) {
				t.Fatalf("split at %d: %v %v, whole: %v %v", i, got, err, want, wantErr)
			}
		}
		var bytewise [][]byte
		for i := range in {
			bytewise = append(bytewise, in[i:i+1])
		}
		if got, err := parseAll(bytewise...); fmt.Sprint(got, err) != fmt.Sprint(want, wantErr) {
			t.Fatalf("byte by byte: %v %v, whole: %v %v", got, err, want, wantErr)
		}
	})
}

func TestReaderAllocs(t *testing.T) {
	in := []byte(strings.Repeat("*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$5\r\nvalue\r\nGET key\r\n", 16))
	lent := make([]byte, len(in))
	r := &Reader{MaxBulk: DefaultMaxBulk}
	n := testing.AllocsPerRun(100, func() {
		r.Feed(lent[:copy(lent, in)])
		for {
			args, err := r.Next()
			if err != nil {
				t.Fatal(err)
			}
			if args == nil {
				break
			}
		}
		r.Keep()
	})
	if n != 0 {
		t.Errorf("%v allocations, want 0", n)
	}
}

func BenchmarkReader(b *testing.B) {
	in := []byte("*3\r\n$3\r\nSET\r\n$16\r\nkey:000000000001\r\n$3\r\nxxx\r\n")
	r := &Reader{MaxBulk: DefaultMaxBulk}
	b.ReportAllocs()
	for b.Loop() {
		r.Feed(in)
		if args, _ := r.Next(); args == nil {
			b.Fatal("no command")
		}
		r.Keep()
	}
}
