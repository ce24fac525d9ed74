// Native fuzzing of the compiler and of the interpreter.
package lua

import (
	"errors"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

var errTooLong = errors.New("too many steps")

// fuzzState returns a state whose runs end soon and stay small.
func fuzzState() *State {
	s := New()
	slices := 0
	s.SetBudget(Budget{Slice: 1000, Memory: 16 << 20, OnSlice: func() error {
		if slices++; slices%100 == 0 {
			return errTooLong
		}
		return nil
	}})
	return s
}

func addSeeds(f *testing.F) {
	for line := range strings.Lines(snippets) {
		source, _, _ := strings.Cut(line, "\t")
		f.Add(source)
	}
	for _, source := range stubborn {
		f.Add(source)
	}
	r := rand.New(rand.NewPCG(1, 1))
	for range 20 {
		f.Add(randomProgram(r))
	}
}

// FuzzLoad compiles anything: no panic, and not for long.
func FuzzLoad(f *testing.F) {
	addSeeds(f)
	s := New()
	f.Fuzz(func(t *testing.T, source string) {
		watchdog := time.AfterFunc(5*time.Second, func() { panic("does not end: " + source) })
		s.Load(source, "@user_script")
		watchdog.Stop()
	})
}

// FuzzRun runs anything that compiles: no panic, an end, and the next script is not affected.
func FuzzRun(f *testing.F) {
	addSeeds(f)
	s := fuzzState()
	check := mustLoad(f, s, "return ('x'):rep(2) .. type(string) .. tostring(rawget(_G, 'leaked'))")
	f.Fuzz(func(t *testing.T, source string) {
		p, err := s.Load(source, "@user_script")
		if err != nil {
			return
		}
		// A run that does not end would only stall the fuzzer.
		watchdog := time.AfterFunc(5*time.Second, func() { panic("does not end: " + source) })
		s.Run(p, nil)
		watchdog.Stop()
		if text, err := runProto(s, check); err != nil || text != "xxtablenil" {
			t.Errorf("the next script gives %q, %v", text, err)
		}
	})
}
