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
	// unbalanced tells of quotes without their end; nothing else is set then.
	unbalanced bool
}

// headerOption is "name=value"; without "=" it has no name.
type headerOption struct{ name, value, text string }

// splitShebang cuts the shebang off the source but leaves its newline, so that line numbers hold. ok is false without one.
func splitShebang(src string) (h header, body string, ok bool) {
	if !strings.HasPrefix(src, "#!") {
		return h, src, false
	}
	line, body, found := strings.Cut(src, "\n")
	if found {
		body = "\n" + body
	}
	words, ok := splitQuoted(line[2:])
	if !ok {
		return header{unbalanced: true}, body, true
	}
	if len(words) > 0 && !strings.HasPrefix(line, "#! ") {
		h.engine, words = words[0], words[1:]
	}
	for _, w := range words {
		name, value, ok := strings.Cut(w, "=")
		if !ok {
			name = ""
		}
		h.options = append(h.options, headerOption{name, value, w})
	}
	return h, body, true
}

// splitQuoted splits a line into words as Redis does: "..." with escapes and '...' may stand anywhere in a word and end it. ok is false
// if quotes do not end.
func splitQuoted(line string) (words []string, ok bool) {
	for {
		line = strings.TrimLeft(line, " \t\v\f\r")
		if line == "" {
			return words, true
		}
		var word []byte
		n := 0
		for n < len(line) && !strings.ContainsRune(" \t\v\f\r\x00", rune(line[n])) {
			if line[n] != '"' && line[n] != '\'' {
				word = append(word, line[n])
				n++
				continue
			}
			part, size := unquote(line[n:])
			if n += size; size == 0 || n < len(line) && !strings.ContainsRune(" \t\v\f\r", rune(line[n])) {
				return nil, false
			}
			word = append(word, part...)
			break
		}
		words = append(words, string(word))
		line = line[n:]
	}
}

// unquote returns what stands between the quotes with which s begins, and how much of s that was; 0 if they do not end.
func unquote(s string) (part []byte, size int) {
	quote := s[0]
	for i := 1; i < len(s); i++ {
		c := s[i]
		switch {
		case c == quote:
			return part, i + 1
		case c != '\\' || i+1 == len(s) || quote == '\'' && s[i+1] != '\'':
			part = append(part, c)
			continue
		}
		i++
		if quote == '"' && s[i] == 'x' && i+2 < len(s) {
			if b, err := strconv.ParseUint(s[i+1:i+3], 16, 8); err == nil {
				part = append(part, byte(b))
				i += 2
				continue
			}
		}
		if at := strings.IndexByte("nrtba", s[i]); quote == '"' && at >= 0 {
			part = append(part, "\n\r\t\b\a"[at])
		} else {
			part = append(part, s[i])
		}
	}
	return nil, 0
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
	if h.unbalanced {
		return l, "", command.Error("ERR Invalid engine in script shebang")
	}
	if !strings.Contains(src, "\n") {
		return l, "", command.Error("ERR Invalid script shebang")
	}
	if h.engine != "lua" { // sic: FUNCTION LOAD takes LUA
		return l, "", command.Error("ERR Unexpected engine in script shebang: #!" + h.engine)
	}
	for _, o := range h.options {
		if o.name == "max-runtime" || o.name == "max-memory" {
			n, err := strconv.ParseInt(o.value, 10, 64)
			if err != nil || n <= 0 {
				return l, "", command.Error("ERR Invalid value of lua shebang option: " + o.text)
			}
			if o.name == "max-runtime" {
				l.maxRuntime = n
			} else {
				l.maxMemory = n
			}
			continue
		}
		if o.name != "flags" {
			return l, "", command.Error("ERR Unknown lua shebang option: " + o.text)
		}
		if o.value == "" {
			continue
		}
		for _, name := range strings.Split(o.value, ",") {
			f, known := flagNames[name]
			if !known {
				return l, "", command.Error("ERR Unexpected flag in script shebang: " + name)
			}
			l.flags |= f
		}
	}
	return l, body, nil
}
