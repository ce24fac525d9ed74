// The os library, of which Redis lets scripts have the clock only.
package lua

import "time"

// clockStart is when the process started; os.clock counts from it.
var clockStart = time.Now()

func openOS(s *State) {
	s.Register("os", []Function{{"clock", osClock}})
}

// osClock returns seconds of real time, of which scripts use differences.
func osClock(c *Call) int { return c.Return1(Number(time.Since(clockStart).Seconds())) }
