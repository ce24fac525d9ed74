// Damage: flipped bits, cut and zeroed files. It must be found, or not matter; never may a store give another state without a word.
package persistence

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/evald/evald/internal/enginetest"
)

// storeToDamage makes a store with tables and a log, and returns the states that it went through.
func storeToDamage(t *testing.T) (*vfs.MemFS, [][32]byte, Options) {
	fs := vfs.NewCrashableMem()
	o := testOptions(t, fs)
	o.MemTableSize = 64 << 10
	s, ks := mustOpen(t, o), enginetest.New(1)
	w := enginetest.NewWorkload(ks, 1)
	states := [][32]byte{ks.Digest()}
	for i := range 600 {
		w.Turn()
		if seq := commitTurn(s, ks); i%4 == 0 { // a record of the log for few turns
			waitDurable(s, min(seq, s.last))
		}
		states = append(states, ks.Digest())
		if i == 200 || i == 400 {
			if err := s.db.Flush(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := s.Sync(); err != nil {
		t.Fatal(err)
	}
	clone := fs.CrashClone(vfs.CrashCloneCfg{}) // as a power failure leaves it: with a log to replay
	mustClose(t, s)
	return clone, states, o
}

// damage changes one file of the store and says what it did. ok is false if there was nothing to change.
func damage(t *testing.T, fs *vfs.MemFS, rng *rand.Rand) (what, file string, ok bool) {
	names, err := fs.List("d/store")
	if err != nil {
		t.Fatal(err)
	}
	name := names[rng.IntN(len(names))]
	path := fs.PathJoin("d/store", name)
	f, err := fs.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(f)
	f.Close()
	if err != nil || len(data) == 0 {
		return "", name, false
	}
	used := len(bytes.TrimRight(data, "\x00")) // the log's files are larger than what is in them
	at := rng.IntN(max(1, used))
	switch rng.IntN(3) {
	case 0:
		data[at] ^= 1 << rng.IntN(8)
		what = fmt.Sprintf("bit of byte %d of %d flipped", at, len(data))
	case 1:
		what = fmt.Sprintf("cut from %d to %d bytes", len(data), at)
		data = data[:at]
	case 2:
		end := min(len(data), at+512)
		what = fmt.Sprintf("bytes %d to %d of %d zeroed", at, end, len(data))
		clear(data[at:end])
	}
	g, err := fs.Create(path, vfs.WriteCategoryUnspecified)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := g.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := g.Sync(); err != nil {
		t.Fatal(err)
	}
	g.Close()
	return name + ": " + what, name, true
}

// reopen returns the digest of the damaged store, or the error that told of the damage.
func reopen(o Options) ([32]byte, error) {
	type result struct {
		digest [32]byte
		err    error
	}
	end := make(chan result, 10)
	o.Fatal = func(line string) {
		end <- result{err: errors.New(line)}
		select {}
	}
	go func() {
		var r result
		s, err := Open(o)
		if r.err = err; err == nil {
			ks := enginetest.New(1)
			if r.err = s.Load(ks, nil); r.err == nil {
				r.digest = ks.Digest()
			}
			s.Close()
		}
		end <- r
	}()
	r := <-end
	return r.digest, r.err
}

// TestDamageIsFoundOrHarmless counts what Pebble cannot tell: a log that is cut or damaged at its very end looks like one that was
// being written when the power failed, and the manifest's end likewise. Then the state must at least be one that was there.
func TestDamageIsFoundOrHarmless(t *testing.T) {
	intact, states, o := storeToDamage(t)
	last := states[len(states)-1]
	found, harmless, older := map[string]int{}, map[string]int{}, map[string]int{}
	for seed := range max(400, crashRounds(t, 400)) { // fewer may miss a kind of file
		fs := intact.CrashClone(vfs.CrashCloneCfg{})
		rng := rand.New(rand.NewPCG(seed, 21))
		what, file, ok := damage(t, fs, rng)
		if !ok {
			continue
		}
		o.FS = fs
		digest, err := reopen(o)
		switch {
		case err != nil:
			found[kind(file)]++
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("%s: more than one line: %q", what, err)
			}
		case digest == last:
			harmless[kind(file)]++
		default:
			known := false
			for _, s := range states {
				known = known || s == digest
			}
			if !known {
				t.Errorf("%s: opened without a word, with a state that was never there", what)
			}
			older[kind(file)]++
		}
	}
	t.Logf("found %v, harmless %v, an older state %v", found, harmless, older)
	if found["sst"] == 0 || found["wal"] == 0 || found["MANIFEST"] == 0 {
		t.Error("no damage was found in tables, log or manifest")
	}
}

// kind is a file's name without its number.
func kind(file string) string {
	if i := strings.LastIndexByte(file, '.'); i >= 0 && file[0] != 'm' && file[0] != 'w' {
		return file[i+1:]
	}
	return strings.TrimRight(file, "0123456789.-")
}

func TestCheckFindsWhatIsDamaged(t *testing.T) {
	intact, _, o := storeToDamage(t)
	o.FS = intact.CrashClone(vfs.CrashCloneCfg{})
	ks := enginetest.New(1)
	r, err := Check(o, ks)
	if err != nil || len(r.Faults) > 0 || r.Tables == 0 || r.Rows < r.Keys || r.Keys == 0 {
		t.Fatalf("an intact store: %+v, %v", r, err)
	}
	// Every table: some may be files that the store no longer uses.
	names, _ := o.FS.List("d/store")
	for _, name := range names {
		if !strings.HasSuffix(name, ".sst") {
			continue
		}
		f, err := o.FS.OpenReadWrite("d/store/"+name, vfs.WriteCategoryUnspecified)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.WriteAt([]byte{0xff, 0xff, 0xff, 0xff}, 20); err != nil {
			t.Fatal(err)
		}
		f.Close()
	}
	if r, err := Check(o, enginetest.New(1)); err != nil || len(r.Faults) == 0 {
		t.Errorf("damaged tables: %+v, %v", r, err)
	}
}

func TestCheckpointIsAStore(t *testing.T) {
	for _, p := range []Policy{Always, EverySec} {
		o := testOptions(t, vfs.NewMem())
		o.Policy = p
		s, ks := mustOpen(t, o), enginetest.New(1)
		w := enginetest.NewWorkload(ks, 3)
		for range 100 {
			w.Turn()
			commitTurn(s, ks)
		}
		want := ks.Digest()
		if err := s.Checkpoint("backup"); err != nil {
			t.Fatal(err)
		}
		if err := s.Checkpoint("backup"); err == nil {
			t.Error("a checkpoint over another was made")
		}
		for range 50 {
			w.Turn()
			commitTurn(s, ks)
		}
		mustClose(t, s)
		o.Dir = "backup"
		s = mustOpen(t, o)
		if again := mustLoad(t, s); again.Digest() != want {
			t.Error("the checkpoint has another state")
		}
		mustClose(t, s)
	}
}
