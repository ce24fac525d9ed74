// This file reads what a server says about the time its calls take.
package bench

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/evald/evald/client/respclient"
)

// usage is one command's row of INFO commandstats. It is zero where the server has none.
type usage struct{ calls, usec int64 }

// serverTime reads the row of a command. Commands that a script calls have rows of their own and count in the script's, too.
func serverTime(c *respclient.Client, command string) (usage, error) {
	v, err := c.Do("INFO", "commandstats")
	if err != nil {
		return usage{}, fmt.Errorf("INFO commandstats: %w", err)
	}
	return parseUsage(v.String(), command), nil
}

// parseUsage finds "cmdstat_get:calls=3,usec=12,...".
func parseUsage(info, command string) usage {
	_, row, ok := strings.Cut(info, "cmdstat_"+strings.ToLower(command)+":")
	if !ok {
		return usage{}
	}
	row, _, _ = strings.Cut(row, "\r")
	var u usage
	for pair := range strings.SplitSeq(row, ",") {
		name, value, _ := strings.Cut(pair, "=")
		n, err := strconv.ParseInt(value, 10, 64)
		switch {
		case err != nil:
		case name == "calls":
			u.calls = n
		case name == "usec":
			u.usec = n
		}
	}
	return u
}

// since is the mean time of the calls after before, in microseconds.
func (u usage) since(before usage) float64 {
	if u.calls <= before.calls {
		return 0
	}
	return float64(u.usec-before.usec) / float64(u.calls-before.calls)
}
