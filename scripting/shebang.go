package scripting

import (
	"strconv"
	"strings"

	"github.com/evald/evald/engine/command"
)

// scriptFlags are what a script declares of itself.
type scriptFlags uint8

const (
	flagNoWrites scriptFlags = 1 << iota
	flagAllowOOM
	flagAllowStale
	flagNoCluster
	flagCrossSlot
	flagRollback // extension: an error undoes everything
	flagCompat   // no shebang: what the script may do is decided call by call
)

var flagNames = map[string]scriptFlags{
	"no-writes": flagNoWrites, "allow-oom": flagAllowOOM, "allow-stale": flagAllowStale, "no-cluster": flagNoCluster,
	"allow-cross-slot-keys": flagCrossSlot, "rollback": flagRollback,
}

// header is a parsed first line "#!lua name=value ...".
type header struct {
	engine  string
	options []headerOption
}

type headerOption struct{ name, value string }

// splitShebang cuts the shebang off the source but leaves its newline, so that line numbers hold. ok is false without one.
func splitShebang(src string) (h header, body string, ok bool) {
	if !strings.HasPrefix(src, "#!") {
		return h, src, false
	}
	line, body, found := strings.Cut(src, "\n")
	if found {
		body = "\n" + body
	}
	words := strings.Fields(line[2:])
	if len(words) > 0 && !strings.HasPrefix(line, "#! ") {
		h.engine, words = words[0], words[1:]
	}
	for _, w := range words {
		name, value, _ := strings.Cut(w, "=")
		h.options = append(h.options, headerOption{name, value})
	}
	return h, body, true
}

// scriptLimits are what a script may do and use: its flags, and bounds of its own below the server's.
type scriptLimits struct {
	flags      scriptFlags
	maxRuntime int64 // ms; 0: the server's
	maxMemory  int64 // bytes; 0: the server's
}

// parseScript reads the shebang of an EVAL script: "#!lua [flags=a,b] [max-runtime=ms] [max-memory=bytes]". The last two are an
// extension.
func parseScript(src string) (l scriptLimits, body string, err error) {
	h, body, ok := splitShebang(src)
	if !ok {
		return scriptLimits{flags: flagCompat}, src, nil
	}
	if !strings.Contains(src, "\n") || h.engine == "" {
		return l, "", command.Error("ERR Invalid script shebang")
	}
	if !strings.EqualFold(h.engine, "lua") {
		return l, "", command.Error("ERR Unexpected engine in script shebang: " + h.engine)
	}
	for _, o := range h.options {
		if o.name == "max-runtime" || o.name == "max-memory" {
			n, err := strconv.ParseInt(o.value, 10, 64)
			if err != nil || n <= 0 {
				return l, "", command.Error("ERR Invalid value of lua shebang option: " + o.name + valueSuffix(o.value))
			}
			if o.name == "max-runtime" {
				l.maxRuntime = n
			} else {
				l.maxMemory = n
			}
			continue
		}
		if o.name != "flags" {
			return l, "", command.Error("ERR Unknown lua shebang option: " + o.name + valueSuffix(o.value))
		}
		for _, name := range strings.Split(o.value, ",") {
			if name == "" {
				continue
			}
			f, known := flagNames[name]
			if !known {
				return l, "", command.Error("ERR Unexpected flag in script shebang: " + name)
			}
			l.flags |= f
		}
	}
	return l, body, nil
}

func valueSuffix(v string) string {
	if v == "" {
		return ""
	}
	return "=" + v
}
