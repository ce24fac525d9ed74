package server

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// value is the value of a configuration parameter: it parses, checks and prints one in redis.conf's syntax.
type value interface {
	set(words []string) error
	text() string
}

// configError is the reason why a parameter refuses a value, with Redis's text.
type configError string

func (e configError) Error() string { return string(e) }

const errWords configError = "wrong number of arguments"

type boolValue struct{ p *bool }

func (v boolValue) set(words []string) error {
	if len(words) != 1 {
		return errWords
	}
	switch strings.ToLower(words[0]) {
	case "yes":
		*v.p = true
	case "no":
		*v.p = false
	default:
		return configError("argument must be 'yes' or 'no'")
	}
	return nil
}

func (v boolValue) text() string {
	if *v.p {
		return "yes"
	}
	return "no"
}

// intUnit is how an integer parameter is written.
type intUnit uint8

const (
	plain   intUnit = iota
	memory          // 100, 100kb, 1gb
	percent         // memory, or a percentage, kept negative
	octal
)

type intValue struct {
	p        *int
	min, max int
	unit     intUnit
}

func (v intValue) set(words []string) error {
	if len(words) != 1 {
		return errWords
	}
	n, err := 0, error(nil)
	switch w := words[0]; {
	case v.unit == percent && strings.HasSuffix(w, "%"):
		if n, err = strconv.Atoi(strings.TrimSuffix(w, "%")); err != nil || n < 0 {
			return configError("argument must be a memory or percent value")
		}
		if n > 100 {
			return configError("percentage argument must be less or equal to 100")
		}
		n = -n
	case v.unit == memory || v.unit == percent:
		if n, err = parseMemory(w); err != nil {
			return err
		}
	case v.unit == octal:
		o, perr := strconv.ParseInt(w, 8, 64)
		if perr != nil {
			return configError("argument couldn't be parsed as an octal number")
		}
		n = int(o)
	default:
		if n, err = strconv.Atoi(w); err != nil {
			return configError("argument couldn't be parsed into an integer")
		}
	}
	if (n < v.min || n > v.max) && !(v.unit == percent && n < 0) {
		if v.unit == octal {
			return configError(fmt.Sprintf("argument must be between %o and %o inclusive", v.min, v.max))
		}
		return configError(fmt.Sprintf("argument must be between %d and %d inclusive", v.min, v.max))
	}
	*v.p = n
	return nil
}

func (v intValue) text() string {
	switch {
	case v.unit == octal:
		return strconv.FormatInt(int64(*v.p), 8)
	case v.unit == percent && *v.p < 0:
		return strconv.Itoa(-*v.p) + "%"
	}
	return strconv.Itoa(*v.p)
}

// parseMemory reads a byte count with an optional unit: k, m and g are powers of 1000, kb, mb and gb of 1024.
func parseMemory(w string) (int, error) {
	const bad configError = "argument must be a memory value"
	i := 0
	for i < len(w) && (w[i] >= '0' && w[i] <= '9' || i == 0 && w[i] == '-') {
		i++
	}
	n, err := strconv.ParseInt(w[:i], 10, 64)
	unit, ok := map[string]int64{"": 1, "b": 1, "k": 1000, "kb": 1 << 10, "m": 1e6, "mb": 1 << 20, "g": 1e9, "gb": 1 << 30}[strings.ToLower(w[i:])]
	if err != nil || !ok || n > math.MaxInt64/unit || n < 0 {
		return 0, bad
	}
	return int(n * unit), nil
}

type enumValue struct {
	p     *string
	names []string
}

func (v enumValue) set(words []string) error {
	if len(words) != 1 {
		return errWords
	}
	for _, name := range v.names {
		if strings.EqualFold(name, words[0]) {
			*v.p = name
			return nil
		}
	}
	return configError("argument(s) must be one of the following: " + strings.Join(v.names, ", "))
}

func (v enumValue) text() string { return *v.p }

type stringValue struct{ p *string }

func (v stringValue) set(words []string) error {
	if len(words) != 1 {
		return errWords
	}
	*v.p = words[0]
	return nil
}

func (v stringValue) text() string { return *v.p }

// wordsValue is a list of words, kept as one line.
type wordsValue struct {
	p     *string
	check func(words []string) error
}

func (v wordsValue) set(words []string) error {
	if v.check != nil {
		if err := v.check(words); err != nil {
			return err
		}
	}
	*v.p = strings.TrimSpace(strings.Join(words, " "))
	return nil
}

func (v wordsValue) text() string { return *v.p }

// funcValue is a parameter that keeps its value elsewhere.
type funcValue struct {
	put func(words []string) error
	get func() string
}

func (v funcValue) set(words []string) error { return v.put(words) }
func (v funcValue) text() string             { return v.get() }

// outputLimit is one class of client-output-buffer-limit: bytes at which a client is closed at once, and bytes above which it is
// closed after soft seconds. 0 is no limit.
type outputLimit struct{ hard, soft, seconds int }

const (
	classNormal = iota
	classReplica
	classPubSub
	classes
)

var classNames = [classes]string{"normal", "slave", "pubsub"}

// outputLimits is the value of client-output-buffer-limit.
type outputLimits [classes]outputLimit

func (l *outputLimits) set(words []string) error {
	if len(words)%4 != 0 || len(words) == 0 {
		return configError("Wrong number of arguments in buffer limit configuration.")
	}
	next := *l
	for i := 0; i < len(words); i += 4 {
		class := -1
		for k, name := range classNames {
			if strings.EqualFold(words[i], name) || k == classReplica && strings.EqualFold(words[i], "replica") {
				class = k
			}
		}
		if class < 0 {
			return configError("Invalid client class specified in buffer limit configuration.")
		}
		hard, err1 := parseMemory(words[i+1])
		soft, err2 := parseMemory(words[i+2])
		seconds, err3 := strconv.Atoi(words[i+3])
		if err1 != nil || err2 != nil || err3 != nil || seconds < 0 {
			return configError("Error in hard, soft or soft_seconds setting in buffer limit configuration.")
		}
		next[class] = outputLimit{hard, soft, seconds}
	}
	*l = next
	return nil
}

func (l *outputLimits) text() string {
	var parts []string
	for i, c := range l {
		parts = append(parts, fmt.Sprintf("%s %d %d %d", classNames[i], c.hard, c.soft, c.seconds))
	}
	return strings.Join(parts, " ")
}
