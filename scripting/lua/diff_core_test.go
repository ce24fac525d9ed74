// Differential fuzzing of the language against a live redis-server: make lua-diff runs it with LUA_DIFF=<programs>.
package lua

import (
	"errors"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
)

// diffDriver runs the program in ARGV[1], so that redis compiles and caches one script only.
const diffDriver = `local f, e = loadstring(ARGV[1], '@user_script')
if not f then return 'CE ' .. e end
local ok, r = pcall(f)
if type(r) == 'number' or type(r) == 'string' then return tostring(ok) .. ' ' .. r end
return tostring(ok) .. ' ' .. type(r)`

const diffBatch = 100

func TestLanguageDiff(t *testing.T) {
	count, err := strconv.Atoi(os.Getenv("LUA_DIFF"))
	if err != nil {
		t.Skip("LUA_DIFF does not say how many programs to compare")
	}
	seed := uint64(1)
	if n, err := strconv.ParseUint(os.Getenv("LUA_DIFF_SEED"), 10, 64); err == nil {
		seed = n
	}
	redis := startRedis(t)
	sha := redis.command(t, "SCRIPT", "LOAD", diffDriver)
	r := rand.New(rand.NewPCG(seed, 2))
	ours := newDiffer(t)
	different, failed, compile, endless := 0, 0, 0, 0
	for done := 0; done < count; done += diffBatch {
		var programs, answers []string
		for range diffBatch {
			program := randomProgram(r)
			if r.IntN(8) == 0 {
				program = mutate(r, program)
			}
			got, ends := ours(program)
			if !ends { // damage can make a loop that Redis would run for good
				endless++
				continue
			}
			programs, answers = append(programs, program), append(answers, got)
			redis.send("EVALSHA", sha, "0", program)
		}
		for i, program := range programs {
			want := redis.reply(t)
			switch {
			case strings.HasPrefix(want, "CE "):
				compile++
			case strings.Contains(want[max(0, strings.LastIndexByte(want, '|')):], "|false"):
				failed++
			}
			if got := answers[i]; got != want {
				different++
				t.Errorf("%s\n\tgot  %s\n\twant %s", program, got, want)
				if different >= 10 {
					t.Fatal("too many differences")
				}
			}
		}
	}
	if endless > count/1000 {
		t.Errorf("%d programs of %d do not end", endless, count)
	}
	t.Logf("%d programs: %d do not compile, %d end in an error, %d left out because they do not end", count, compile, failed, endless)
}

// diffSlices is how many slices of steps a program may take.
const diffSlices = 1000

var errEndless = errors.New("the program does not end")

// newDiffer returns what runs a program through the driver here, and tells whether it ends.
func newDiffer(t testing.TB) func(program string) (answer string, ends bool) {
	s, slices := New(), 0
	s.SetBudget(Budget{Memory: 64 << 20, OnSlice: func() error {
		if slices++; slices > diffSlices {
			return errEndless
		}
		return nil
	}})
	p, err := s.Load(diffDriver, "@user_script")
	if err != nil {
		t.Fatal(err)
	}
	return func(program string) (string, bool) {
		slices = 0
		argv := s.NewTable(1, 0)
		argv.SetInt(s, 1, s.NewText(program))
		s.SetGlobal("ARGV", TableValue(argv))
		s.SetGlobal("KEYS", TableValue(s.NewTable(0, 0)))
		text, err := runProto(s, p)
		if err != nil {
			return "FAIL " + err.Error(), !errors.Is(err, errEndless)
		}
		return text, true
	}
}

// mutate damages a program, so that errors of the parser are compared.
func mutate(r *rand.Rand, program string) string {
	words := strings.SplitAfter(program, " ")
	at := r.IntN(len(words))
	switch r.IntN(4) {
	case 0:
		words[at] = ""
	case 1:
		words[at] = []string{"end ", "do ", "= ", ") ", "( ", "then ", "'", "\"", "[[", "--[[", "\x01", "\xff", "... ", "3..2 ", "0x ", "goto ", "break ", "return ", "\\ ", "~ ", "== "}[r.IntN(21)]
	case 2:
		words[at] += words[r.IntN(len(words))]
	case 3:
		return program[:r.IntN(len(program))]
	}
	return strings.Join(words, "")
}
