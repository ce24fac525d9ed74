// Package corpus runs data-driven test files: commands, and the replies that a real Redis gave.
//
// A file is a sequence of blocks, separated by blank lines. A block is comments (#), commands, a line ----, the replies, and, where a
// RESP3 client gets others, a line ---- resp3 and those:
//
//	# one command or several
//	HSET h a 1 b 2
//	@sorted HKEYS h
//	----
//	(integer) 2
//	1) "a"
//	2) "b"
//
// A command may begin with the name of another client, "c2> BLPOP l 0"; what such a client gets later shows as "c2< ...". "advance
// 1500ms" moves the clock. Words with @ in front of a command say how its reply is compared: @sorted (elements in any order), @pairs
// (pairs in any order), @loose (only the type), @approx=50 (integers may differ by so much). Lines with ! before the first block are
// about the whole file: "! since 7.2" (its replies cannot be recorded from the 7.0 that others are recorded from), "! norestart"
// (tests what a restart forgets), "! notrial" (what a rolled-back command leaves: times of access), "! blocks" (clients wait),
// "! clock" (replies show the test clock), "! server" (needs connection commands that only the server has).
package corpus

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/evald/evald/internal/reply"
)

// File is one test file.
type File struct {
	Path   string
	Marks  []string // without the !
	Blocks []Block
}

// Block is a few commands and their replies.
type Block struct {
	Number int // of its first line in the file
	Text   []string
	Lines  []Line
	Want   []string
	Want3  []string // nil: as Want
}

// Line is one command, or an advance of the clock.
type Line struct {
	Client        string
	Advance       time.Duration
	Sorted, Pairs bool
	Loose         bool
	Approx        int
	Args          []string
}

// Glob reads every .txt file under dir.
func Glob(dir string) (files []*File, err error) {
	err = filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".txt" {
			return err
		}
		f, err := Read(path)
		files = append(files, f)
		return err
	})
	return files, err
}

// Read reads one file.
func Read(path string) (*File, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	f := &File{Path: path}
	var b *Block
	section := 0
	for i, line := range strings.Split(string(text), "\n") {
		switch mark, isMark := strings.CutPrefix(line, "! "); {
		case isMark && len(f.Blocks) == 0:
			f.Marks = append(f.Marks, mark)
		case line == "":
			b, section = nil, 0
		case line == "----" && b != nil:
			section, b.Want = 1, []string{}
		case line == "---- resp3" && b != nil:
			section, b.Want3 = 2, []string{}
		case section == 1:
			b.Want = append(b.Want, line)
		case section == 2:
			b.Want3 = append(b.Want3, line)
		default:
			if b == nil {
				f.Blocks = append(f.Blocks, Block{Number: i + 1})
				b = &f.Blocks[len(f.Blocks)-1]
			}
			if err := b.add(line); err != nil {
				return nil, fmt.Errorf("%s:%d: %w", path, i+1, err)
			}
		}
	}
	return f, nil
}

// Marked tells whether the file has a mark that begins with the word.
func (f *File) Marked(word string) bool {
	return slices.ContainsFunc(f.Marks, func(m string) bool { return strings.Fields(m)[0] == word })
}

// Write writes the file back, with its blocks' present replies.
func (f *File) Write() error {
	var out strings.Builder
	for _, m := range f.Marks {
		out.WriteString("! " + m + "\n")
	}
	for i, b := range f.Blocks {
		if i > 0 || len(f.Marks) > 0 {
			out.WriteByte('\n')
		}
		lines := b.Text
		if len(b.Lines) > 0 {
			lines = append(append(slices.Clip(lines), "----"), b.Want...)
		}
		if b.Want3 != nil {
			lines = append(append(slices.Clip(lines), "---- resp3"), b.Want3...)
		}
		out.WriteString(strings.Join(lines, "\n") + "\n")
	}
	return os.WriteFile(f.Path, []byte(out.String()), 0o644)
}

func (b *Block) add(text string) error {
	b.Text = append(b.Text, text)
	if strings.HasPrefix(text, "#") {
		return nil
	}
	l := Line{Client: "c1"}
	if name, rest, ok := strings.Cut(text, "> "); ok && len(name) == 2 && name[0] == 'c' {
		l.Client, text = name, rest
	}
	words, err := reply.Words(text)
	if err != nil {
		return err
	}
	for len(words) > 0 && strings.HasPrefix(words[0], "@") {
		switch name, value, _ := strings.Cut(words[0], "="); name {
		case "@sorted":
			l.Sorted = true
		case "@pairs":
			l.Pairs = true
		case "@loose":
			l.Loose = true
		case "@approx":
			if l.Approx, err = strconv.Atoi(strings.TrimRight(value, "ms")); err != nil {
				return err
			}
		default:
			return fmt.Errorf("unknown directive %s", words[0])
		}
		words = words[1:]
	}
	if len(words) > 0 && len(words[0]) == 3 && words[0][0] == 'c' && words[0][2] == '>' {
		return fmt.Errorf("the client's name stands first: %q", text)
	}
	if len(words) == 2 && words[0] == "advance" {
		if l.Advance, err = time.ParseDuration(words[1]); err != nil {
			return err
		}
	} else if l.Args = words; len(words) == 0 {
		return fmt.Errorf("no command in %q", text)
	}
	b.Lines = append(b.Lines, l)
	return nil
}
