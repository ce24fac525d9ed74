// Character classes of the C locale, for number parsing and patterns. Pure functions.
package lua

// Bits of charClass.
const (
	classAlpha = 1 << iota
	classDigit
	classLower
	classUpper
	classSpace
	classCntrl
	classPunct
	classHex
)

// charClass holds the classes of every byte; bytes over 127 have none in the C locale.
var charClass = [256]uint8{
	0: classCntrl, 1: classCntrl, 2: classCntrl, 3: classCntrl, 4: classCntrl, 5: classCntrl, 6: classCntrl, 7: classCntrl, 8: classCntrl,
	'\t': classCntrl | classSpace, '\n': classCntrl | classSpace, '\v': classCntrl | classSpace, '\f': classCntrl | classSpace, '\r': classCntrl | classSpace,
	14: classCntrl, 15: classCntrl, 16: classCntrl, 17: classCntrl, 18: classCntrl, 19: classCntrl, 20: classCntrl, 21: classCntrl, 22: classCntrl,
	23: classCntrl, 24: classCntrl, 25: classCntrl, 26: classCntrl, 27: classCntrl, 28: classCntrl, 29: classCntrl, 30: classCntrl, 31: classCntrl,
	' ': classSpace,
	'!': classPunct, '"': classPunct, '#': classPunct, '$': classPunct, '%': classPunct, '&': classPunct, '\'': classPunct, '(': classPunct, ')': classPunct,
	'*': classPunct, '+': classPunct, ',': classPunct, '-': classPunct, '.': classPunct, '/': classPunct,
	'0': charDigit, '1': charDigit, '2': charDigit, '3': charDigit, '4': charDigit, '5': charDigit, '6': charDigit, '7': charDigit, '8': charDigit, '9': charDigit,
	':': classPunct, ';': classPunct, '<': classPunct, '=': classPunct, '>': classPunct, '?': classPunct, '@': classPunct,
	'A': charUpper | classHex, 'B': charUpper | classHex, 'C': charUpper | classHex, 'D': charUpper | classHex, 'E': charUpper | classHex, 'F': charUpper | classHex,
	'G': charUpper, 'H': charUpper, 'I': charUpper, 'J': charUpper, 'K': charUpper, 'L': charUpper, 'M': charUpper, 'N': charUpper, 'O': charUpper, 'P': charUpper, 'Q': charUpper, 'R': charUpper,
	'S': charUpper, 'T': charUpper, 'U': charUpper, 'V': charUpper, 'W': charUpper, 'X': charUpper, 'Y': charUpper, 'Z': charUpper,
	'[': classPunct, '\\': classPunct, ']': classPunct, '^': classPunct, '_': classPunct, '`': classPunct,
	'a': charLower | classHex, 'b': charLower | classHex, 'c': charLower | classHex, 'd': charLower | classHex, 'e': charLower | classHex, 'f': charLower | classHex,
	'g': charLower, 'h': charLower, 'i': charLower, 'j': charLower, 'k': charLower, 'l': charLower, 'm': charLower, 'n': charLower, 'o': charLower, 'p': charLower, 'q': charLower, 'r': charLower,
	's': charLower, 't': charLower, 'u': charLower, 'v': charLower, 'w': charLower, 'x': charLower, 'y': charLower, 'z': charLower,
	'{': classPunct, '|': classPunct, '}': classPunct, '~': classPunct, 127: classCntrl,
}

const (
	charDigit = classDigit | classHex
	charUpper = classAlpha | classUpper
	charLower = classAlpha | classLower
)

func isDigit(c byte) bool    { return c-'0' < 10 }
func isSpace(c byte) bool    { return charClass[c]&classSpace != 0 }
func isAlnum(c byte) bool    { return charClass[c]&(classAlpha|classDigit) != 0 }
func isHexDigit(c byte) bool { return charClass[c]&classHex != 0 }
