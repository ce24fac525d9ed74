// Tests of addresses; what import and export do with them is tested with the real program in tests/migrate.

package cli

import (
	"strings"
	"testing"
)

func TestParseEndpoint(t *testing.T) {
	for text, want := range map[string]endpoint{
		"localhost:7000":               {addr: "localhost:7000", db: allDatabases},
		"/run/redis.sock":              {addr: "/run/redis.sock", db: allDatabases},
		"redis://h":                    {addr: "h:6379", db: allDatabases},
		"redis://h:/":                  {addr: "h:6379", db: allDatabases},
		"redis://h:1/2":                {addr: "h:1", db: 2},
		"redis://[::1]":                {addr: "[::1]:6379", db: allDatabases},
		"redis://[::1]:7/0":            {addr: "[::1]:7", db: 0},
		"rediss://h":                   {addr: "h:6379", tls: true, db: allDatabases},
		"redis://:p%40%2Fw@h:1":        {addr: "h:1", password: "p@/w", db: allDatabases},
		"redis://alice:secret@h:1/003": {addr: "h:1", user: "alice", password: "secret", db: 3},
	} {
		if got, err := parseEndpoint(text); err != nil || got != want {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
	}
	for _, text := range []string{"http://h", "redis://", "redis://:secret@:1", "redis://a:secret@h:port", "redis://h/x", "redis://h/-1", "redis://h/1/2", "://"} {
		if got, err := parseEndpoint(text); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
	}
}
