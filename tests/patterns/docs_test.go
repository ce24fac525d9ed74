// The guide is kept true: its redis-cli and Node examples are run, its Go examples are those that run as tests, and its
// reference is made from the headers of the sources.
package patterns

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/evald/evald/scripts"
)

const guide = "../../docs/patterns.md"

func readGuide(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile(guide)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// blocks returns the fenced blocks of a language.
func blocks(doc, language string) (out []string) {
	for _, m := range regexp.MustCompile("(?s)```"+language+"\n(.*?)```").FindAllStringSubmatch(doc, -1) {
		out = append(out, m[1])
	}
	return out
}

// The reference stands below its heading. PATTERNS_WRITE=1 writes it.
func TestGuideReference(t *testing.T) {
	var want strings.Builder
	for _, lib := range scripts.Libraries() {
		want.WriteString("### " + lib.Name + "\n\n" + lib.Purpose + "\n\n" + lib.Reference())
	}
	doc := readGuide(t)
	head, got, ok := strings.Cut(doc, "\n## Reference\n\n")
	if !ok {
		t.Fatal("the guide has no reference")
	}
	if got == want.String() {
		return
	}
	if os.Getenv("PATTERNS_WRITE") == "" {
		t.Fatal("the reference differs from the headers: run this test with PATTERNS_WRITE=1")
	}
	if err := os.WriteFile(guide, []byte(head+"\n## Reference\n\n"+want.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}

// Every command of the guide gives what the guide says.
func TestGuideCommands(t *testing.T) {
	if _, err := exec.LookPath("redis-cli"); err != nil {
		t.Skip("needs redis-cli on PATH")
	}
	eachServer(t, func(t *testing.T, c *caller) {
		host, port, _ := strings.Cut(c.rdb.Options().Addr, ":")
		for _, block := range blocks(readGuide(t), "sh") {
			for _, step := range strings.Split("\n"+block, "\n$ ")[1:] {
				command, want, _ := strings.Cut(step, "\n")
				line := strings.Replace(command, "redis-cli ", "redis-cli --no-raw -h "+host+" -p "+port+" ", 1)
				got, err := exec.Command("bash", "-c", line).CombinedOutput()
				if err != nil || strings.TrimSpace(string(got)) != strings.TrimSpace(want) {
					t.Errorf("$ %s\n%s(%v), the guide says\n%s", command, got, err, want)
				}
			}
		}
	})
}

// Every Go example of the guide is part of one that runs.
func TestGuideGo(t *testing.T) {
	b, err := os.ReadFile("../../client/example_test.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, block := range blocks(readGuide(t), "go") {
		if !strings.Contains(string(b), strings.TrimRight(block, "\n")) {
			t.Errorf("not in client/example_test.go:\n%s", block)
		}
	}
}

// nodeModules returns the directory of the npm packages that the examples need: those of tests/clients, which are installed if npm
// is there. Without Node, or without a registry to install from, the test is skipped with the reason and the number of examples.
func nodeModules(t *testing.T, examples int) string {
	t.Helper()
	dir, err := filepath.Abs("../clients/node_modules")
	if err != nil {
		t.Fatal(err)
	}
	for _, tool := range []string{"node", "npm"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("%d Node examples need %s on PATH", examples, tool)
		}
	}
	for _, name := range []string{"redis", "ioredis"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
			continue
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		npm := exec.CommandContext(ctx, "npm", "ci", "--silent", "--no-audit", "--no-fund")
		npm.Dir = filepath.Dir(dir)
		if out, err := npm.CombinedOutput(); err != nil {
			t.Skipf("%d Node examples need the package %s; npm ci: %v: %s", examples, name, err, out)
		}
	}
	return dir
}

// Every Node example of the guide runs and prints what the comment at its end says.
func TestGuideNode(t *testing.T) {
	examples := blocks(readGuide(t), "js")
	if len(examples) == 0 {
		t.Fatal("the guide has no Node examples")
	}
	modules := nodeModules(t, len(examples))
	eachServer(t, func(t *testing.T, c *caller) {
		for _, example := range examples {
			want := lastComment(example)
			cmd := exec.Command("node", "-e", example)
			cmd.Env = append(os.Environ(), "REDIS_URL=redis://"+c.rdb.Options().Addr, "NODE_PATH="+modules)
			got, err := cmd.CombinedOutput()
			if err != nil || strings.TrimSpace(string(got)) != want {
				t.Errorf("%s(%v), the guide says %s", got, err, want)
			}
		}
	})
}

// lastComment returns the comment that ends an example, without the slashes.
func lastComment(example string) string {
	var lines []string
	for _, line := range strings.Split(strings.TrimSpace(example), "\n") {
		if text, ok := strings.CutPrefix(line, "// "); ok {
			lines = append(lines, text)
		} else {
			lines = nil
		}
	}
	return strings.Join(lines, "\n")
}

// Every area has a section that says which function to choose, names every one of them, and has examples of the three kinds.
func TestGuideAreas(t *testing.T) {
	guide, _, _ := strings.Cut(readGuide(t), "\n## Reference\n")
	headings := map[string]string{"lock": "Locks", "ratelimit": "Rate limits", "leaderboard": "Leaderboards", "session": "Sessions", "cache": "Caching", "util": "The rest"}
	for _, lib := range scripts.Libraries() {
		_, section, ok := strings.Cut(guide, "\n## "+headings[lib.Name]+"\n")
		if !ok {
			t.Errorf("%s has no section", lib.Name)
			continue
		}
		section, _, _ = strings.Cut(section, "\n## ")
		if !strings.Contains(section, "| take |") {
			t.Errorf("%s: no table says what to take", lib.Name)
		}
		for _, language := range []string{"sh", "go", "js"} {
			if len(blocks(section, language)) == 0 {
				t.Errorf("%s: no example in %s", lib.Name, language)
			}
		}
		for _, f := range lib.Functions {
			if !strings.Contains(section, "`"+f.Name+"`") {
				t.Errorf("%s: %s is not named", lib.Name, f.Name)
			}
		}
	}
}
