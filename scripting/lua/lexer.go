// The lexer: source text to tokens, as PUC Lua 5.1 reads it.
package lua

import (
	"bytes"
	"fmt"
)

// Tokens of one character are that character.
const (
	tokenAnd = iota + 257
	tokenBreak
	tokenDo
	tokenElse
	tokenElseif
	tokenEnd
	tokenFalse
	tokenFor
	tokenFunction
	tokenIf
	tokenIn
	tokenLocal
	tokenNil
	tokenNot
	tokenOr
	tokenRepeat
	tokenReturn
	tokenThen
	tokenTrue
	tokenUntil
	tokenWhile
	tokenConcat
	tokenDots
	tokenEqual
	tokenGreaterEqual
	tokenLessEqual
	tokenNotEqual
	tokenNumber
	tokenName
	tokenString
	tokenEOF
	tokenNone = 0 // in an error: nothing to show
)

var tokenTexts = [...]string{
	"and", "break", "do", "else", "elseif", "end", "false", "for", "function", "if", "in", "local", "nil", "not", "or", "repeat", "return",
	"then", "true", "until", "while", "..", "...", "==", ">=", "<=", "~=", "<number>", "<name>", "<string>", "<eof>",
}

// keyword returns the token of a reserved word, 0 for a plain name. goto is a plain name in 5.1.
func keyword(name string) int {
	if len(name) < 2 || len(name) > 8 || name[0] < 'a' || name[0] > 'w' {
		return 0
	}
	for i, text := range tokenTexts[:tokenWhile-tokenAnd+1] {
		if text == name {
			return i + tokenAnd
		}
	}
	return 0
}

// token is one token with its value.
type token struct {
	kind   int
	number float64
	text   *String // of a name or string
}

// endOfSource is what the lexer sees behind the last byte.
const endOfSource = -1

// lexer reads tokens from source.
type lexer struct {
	source   string
	chunk    string // short name, for errors
	pos      int    // of the byte after current
	current  int    // the byte being looked at, or endOfSource
	line     int
	lastLine int // line of the last token consumed
	token    token
	ahead    token
	buffer   []byte // text of the token being read
	strings  map[string]*String
	names    map[string]*String // of the state, shared by all chunks
	work     func(n int)        // draws steps
}

// syntaxError is the panic value of the lexer, the parser and the code generator.
type syntaxError struct{ text string }

func (l *lexer) open() {
	l.line, l.lastLine = 1, 1
	l.ahead.kind = tokenEOF
	l.advance()
}

func (l *lexer) advance() {
	if l.pos >= len(l.source) {
		l.current = endOfSource
		return
	}
	l.current = int(l.source[l.pos])
	l.pos++
}

func (l *lexer) save() {
	l.buffer = append(l.buffer, byte(l.current))
	l.advance()
}

// fail raises a syntax error near a token, or near nothing for tokenNone.
func (l *lexer) fail(text string, near int) {
	text = fmt.Sprintf("%s:%d: %s", l.chunk, l.line, text)
	if near != tokenNone {
		text += " near '" + l.tokenText(near) + "'"
	}
	panic(syntaxError{text})
}

func (l *lexer) failHere(text string) { l.fail(text, l.token.kind) }

func (l *lexer) tokenText(kind int) string {
	switch kind {
	case tokenName, tokenString, tokenNumber:
		text := l.buffer
		if i := bytes.IndexByte(text, 0); i >= 0 {
			text = text[:i] // a C string there
		}
		return string(text)
	}
	return kindText(kind)
}

// kindText returns a kind of token as errors show it.
func kindText(kind int) string {
	if kind >= tokenAnd {
		return tokenTexts[kind-tokenAnd]
	}
	if kind < 32 || kind == 127 {
		return fmt.Sprintf("char(%d)", kind)
	}
	return string([]byte{byte(kind)})
}

// next goes to the next token.
func (l *lexer) next() {
	l.lastLine = l.line
	if l.ahead.kind != tokenEOF {
		l.token = l.ahead
		l.ahead.kind = tokenEOF
		return
	}
	l.work(5)
	l.token.kind = l.scan(&l.token)
}

// peek returns the kind of the token after the current one.
func (l *lexer) peek() int {
	l.ahead.kind = l.scan(&l.ahead)
	return l.ahead.kind
}

// intern returns the one String of this chunk with that text.
func (l *lexer) intern(text []byte) *String {
	if s, ok := l.names[string(text)]; ok {
		return s
	}
	if s, ok := l.strings[string(text)]; ok {
		return s
	}
	s := newString(string(text))
	s.hashOf()
	l.strings[s.str()] = s
	return s
}

// scan reads one token.
func (l *lexer) scan(t *token) int {
	l.buffer = l.buffer[:0]
	for {
		switch l.current {
		case '\n', '\r':
			l.newline()
		case '-':
			l.advance()
			if l.current != '-' {
				return '-'
			}
			l.comment()
		case '[':
			level := l.longBracket()
			if level >= 0 {
				t.text = l.longString(level, "unfinished long string", true)
				return tokenString
			}
			if level == -1 {
				return '['
			}
			l.fail("invalid long string delimiter", tokenString)
		case '=':
			return l.pair('=', '=', tokenEqual)
		case '<':
			return l.pair('<', '=', tokenLessEqual)
		case '>':
			return l.pair('>', '=', tokenGreaterEqual)
		case '~':
			return l.pair('~', '=', tokenNotEqual)
		case '"', '\'':
			t.text = l.quoted(l.current)
			return tokenString
		case '.':
			return l.dot(t)
		case endOfSource:
			return tokenEOF
		default:
			c := l.current
			switch {
			case isSpace(byte(c)):
				l.advance()
			case isDigit(byte(c)):
				return l.numeral(t)
			case isAlnum(byte(c)) || c == '_':
				return l.word(t)
			default:
				l.advance()
				return c
			}
		}
	}
}

func (l *lexer) newline() {
	old := l.current
	l.advance()
	if (l.current == '\n' || l.current == '\r') && l.current != old {
		l.advance()
	}
	l.line++
}

// pair reads first, or the token both if second follows.
func (l *lexer) pair(first, second, both int) int {
	l.advance()
	if l.current != second {
		return first
	}
	l.advance()
	return both
}

func (l *lexer) dot(t *token) int {
	l.save()
	if l.current == '.' {
		l.save()
		if l.current == '.' {
			l.save()
			return tokenDots
		}
		return tokenConcat
	}
	if l.current == endOfSource || !isDigit(byte(l.current)) {
		return '.'
	}
	return l.numeral(t)
}

func (l *lexer) word(t *token) int {
	start := l.pos - 1
	for l.current != endOfSource && (isAlnum(byte(l.current)) || l.current == '_') {
		l.advance()
	}
	end := l.pos - 1
	if l.current == endOfSource {
		end = len(l.source)
	}
	l.buffer = append(l.buffer, l.source[start:end]...)
	if k := keyword(l.source[start:end]); k != 0 {
		return k
	}
	t.text = l.intern(l.buffer)
	return tokenName
}

func (l *lexer) numeral(t *token) int {
	for l.current != endOfSource && (isDigit(byte(l.current)) || l.current == '.') {
		l.save()
	}
	if l.current == 'e' || l.current == 'E' {
		l.save()
		if l.current == '+' || l.current == '-' {
			l.save()
		}
	}
	for l.current != endOfSource && (isAlnum(byte(l.current)) || l.current == '_') {
		l.save()
	}
	f, ok := parseNumber(l.buffer)
	if !ok {
		l.fail("malformed number", tokenNumber)
	}
	t.number = f
	return tokenNumber
}

func (l *lexer) comment() {
	l.advance()
	if l.current == '[' {
		level := l.longBracket()
		l.buffer = l.buffer[:0]
		if level >= 0 {
			l.longString(level, "unfinished long comment", false)
			l.buffer = l.buffer[:0]
			return
		}
	}
	for l.current != '\n' && l.current != '\r' && l.current != endOfSource {
		l.advance()
	}
}

// longBracket reads [=*[ or ]=*] up to the second bracket and returns the number of =, or -1 for a lone bracket, or
// less.
func (l *lexer) longBracket() int {
	bracket := l.current
	l.save()
	level := 0
	for l.current == '=' {
		l.save()
		level++
	}
	if l.current == bracket {
		return level
	}
	return -level - 1
}

func (l *lexer) longString(level int, unfinished string, keep bool) *String {
	l.save()
	if l.current == '\n' || l.current == '\r' {
		l.newline()
	}
	for {
		switch l.current {
		case endOfSource:
			l.fail(unfinished, tokenEOF)
		case ']':
			if l.longBracket() == level {
				l.save()
				if !keep {
					return nil
				}
				return l.intern(l.buffer[level+2 : len(l.buffer)-level-2])
			}
		case '\n', '\r':
			l.buffer = append(l.buffer, '\n')
			l.newline()
			if !keep {
				l.buffer = l.buffer[:0]
			}
		default:
			if keep {
				l.save()
			} else {
				l.advance()
			}
		}
	}
}

func (l *lexer) quoted(quote int) *String {
	l.save()
	for l.current != quote {
		switch l.current {
		case endOfSource:
			l.fail("unfinished string", tokenEOF)
		case '\n', '\r':
			l.fail("unfinished string", tokenString)
		case '\\':
			l.escape()
		default:
			l.save()
		}
	}
	l.save()
	return l.intern(l.buffer[1 : len(l.buffer)-1])
}

func (l *lexer) escape() {
	l.advance()
	var c byte
	switch l.current {
	case 'a':
		c = '\a'
	case 'b':
		c = '\b'
	case 'f':
		c = '\f'
	case 'n':
		c = '\n'
	case 'r':
		c = '\r'
	case 't':
		c = '\t'
	case 'v':
		c = '\v'
	case '\n', '\r':
		l.buffer = append(l.buffer, '\n')
		l.newline()
		return
	case endOfSource:
		return
	default:
		if !isDigit(byte(l.current)) {
			l.save()
			return
		}
		n := 0
		for i := 0; i < 3 && l.current != endOfSource && isDigit(byte(l.current)); i++ {
			n = n*10 + l.current - '0'
			l.advance()
		}
		if n > 255 {
			l.fail("escape sequence too large", tokenString)
		}
		l.buffer = append(l.buffer, byte(n))
		return
	}
	l.buffer = append(l.buffer, c)
	l.advance()
}
