// Package glob matches Redis's glob-style patterns: KEYS, SCAN MATCH, PSUBSCRIBE, CONFIG GET, ACL.
//
//   - any number of bytes         [abc]   one of the bytes       [^abc]  none of them
//     ?      any one byte                [a-z]   a range                \x      x itself
//
// The answers are those of Redis's stringmatchlen, quirks included; testdata has them recorded from a real server.
// Every part of a pattern but * takes exactly one byte, so that after a mismatch only the last * has to be tried again:
// the work is at most len(pattern) * len(s), and nothing recurses.
package glob

// Match tells whether the whole of s matches the pattern.
func Match(pattern, s []byte) bool { return match(pattern, s, false) }

// MatchFold is Match with the letters A to Z equal to a to z.
func MatchFold(pattern, s []byte) bool { return match(pattern, s, true) }

func match(pattern, s []byte, fold bool) bool {
	if len(s) == 0 {
		return len(pattern) == 0 // sic: "*" does not match the empty string
	}
	i, j := 0, 0
	starred, stars := false, 0
	var star, from int // where to go on in the pattern and in s if the last * takes one byte more
	for j < len(s) {
		if i < len(pattern) {
			if pattern[i] == '*' {
				if i = skipStars(pattern, i); i == len(pattern) {
					return true
				}
				if stars++; stars > maxStars {
					return false
				}
				starred, star, from = true, i, j
			}
			if n, ok := one(pattern[i:], s[j], fold); ok {
				i += n
				j++
				continue
			}
		}
		if !starred {
			return false
		}
		from++
		i, j = star, from
	}
	return skipStars(pattern, i) == len(pattern)
}

// maxStars is how many * with something behind them a match may use: there Redis gives up, sic.
const maxStars = 1000

func skipStars(pattern []byte, i int) int {
	for i < len(pattern) && pattern[i] == '*' {
		i++
	}
	return i
}

// one matches c with the first part of p, which is not empty and does not start with *. It returns the part's length.
func one(p []byte, c byte, fold bool) (int, bool) {
	switch p[0] {
	case '?':
		return 1, true
	case '[':
		return class(p, c, fold)
	case '\\':
		if len(p) >= 2 {
			return 2, equal(p[1], c, fold)
		}
	}
	return 1, equal(p[0], c, fold)
}

// class matches c with the bracket expression that p starts with. Without a closing bracket it reaches to the end.
func class(p []byte, c byte, fold bool) (int, bool) {
	i := 1
	not := i < len(p) && p[i] == '^'
	if not {
		i++
	}
	found := false
	for i < len(p) && p[i] != ']' {
		switch {
		case p[i] == '\\' && len(p)-i >= 2:
			i++
			found = found || p[i] == c // sic: case counts here even when folding
			i++
		case len(p)-i >= 3 && p[i+1] == '-':
			found = found || inRange(p[i], p[i+2], c, fold)
			i += 3
		default:
			found = found || equal(p[i], c, fold)
			i++
		}
	}
	if i < len(p) {
		i++ // the closing bracket
	}
	return i, found != not
}

// inRange compares as signed bytes, as Redis on x86 does (sic), and folds only after ordering the ends (sic).
func inRange(a, b, c byte, fold bool) bool {
	low, high, x := int8(a), int8(b), int8(c)
	if low > high {
		low, high = high, low
	}
	if fold {
		low, high, x = int8(lower(byte(low))), int8(lower(byte(high))), int8(lower(c))
	}
	return low <= x && x <= high
}

func equal(a, b byte, fold bool) bool {
	return a == b || fold && lower(a) == lower(b)
}

func lower(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}
