// Package lint holds the house rules that a machine can check, as tests: who may import whom, how long a file may be,
// and what does not belong where.
package lint

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/evald/evald"

// room is a folder and what its files may import beyond the standard library. Tests may import more, see testImports.
type room struct {
	dir string // relative to the module; "" is its root
	// imports are the module's packages (relative) and other modules; a trailing /... takes all below.
	imports []string
}

// structure is what any pure data structure under engine/ may import: other structures.
const structure = "engine/..., but neither engine nor engine/command"

// rooms is the import order of docs/design.md: left may be imported by right, never back. The first entry whose dir a
// file's folder is in applies.
func rooms() []room {
	return []room{
		{"engine/command", []string{"engine", structure}},
		{"engine/", []string{structure}},
		{"engine", []string{structure}},
		{"scripting/lua", []string{"scripting/lua/...", "github.com/yuin/gopher-lua/..."}},
		{"scripting", []string{"engine", "engine/command", structure, "scripting/...", "github.com/yuin/gopher-lua/..."}},
		{"persistence", []string{"engine", structure, "github.com/cockroachdb/pebble/v2/...", "github.com/cespare/xxhash/v2", "golang.org/x/sys/unix"}},
		{"server/resp", []string{"engine/command", structure}},
		{"server", []string{"engine/...", "scripting", "persistence", "server/...", "scripts", "golang.org/x/sys/unix",
			"github.com/prometheus/client_golang/...", "github.com/prometheus/client_model/..."}},
		{"scripts", nil},
		{"examples", []string{"client/...", "github.com/redis/go-redis/v9/..."}},
		{"client/respclient", []string{"github.com/tidwall/resp"}},
		{"client", []string{"client/...", "scripts", "github.com/tidwall/resp", "github.com/redis/go-redis/v9/..."}},
		{"bench", []string{"client/...", "scripts", "github.com/tidwall/resp", "github.com/HdrHistogram/hdrhistogram-go",
			"golang.org/x/sys/unix", "github.com/schollz/progressbar/v3"}},
		{"cli", []string{"bench", "client/...", "scripts", "github.com/urfave/cli/v2", "github.com/peterh/liner",
			"github.com/tidwall/resp", "golang.org/x/term"}},
		{"internal/redistest", []string{"client/respclient"}},
		{"internal/exampletest", []string{"internal/redistest", "client/...", "github.com/redis/go-redis/v9/..."}},
		{"internal", []string{"internal/...", "engine/...", "scripting/...", "persistence", "server/...", "client/...", "scripts",
			"github.com/tidwall/resp"}},
		{"tests", []string{"..."}},
		{"", []string{"cli", "server", "persistence", "scripting", "engine", "engine/command", "engine/rdb", "scripts", "client/...", "bench",
			"github.com/urfave/cli/v2"}},
	}
}

// testImports is what a _test.go file may import besides what its folder may: helpers, and what black-box tests need.
// The order above holds for tests too, except that the engine's may use what stands beside it.
func testImports() []string {
	return []string{"internal/...", "client/...", "github.com/rogpeppe/go-internal/testscript", "github.com/redis/go-redis/v9/...",
		"github.com/tidwall/resp", "github.com/cockroachdb/pebble/v2/vfs/...", "golang.org/x/sys/unix", "server/resp"}
}

// maxLines is the ceiling for a file, maxTestLines for a test; longFiles are the exceptions, each with its reason.
const (
	maxLines     = 600
	maxTestLines = 1000
)

func longFiles() map[string]string {
	return map[string]string{
		"scripting/lua/vm.go": "one function: the opcode switch, whose variables must stay in registers",
	}
}

// file is one Go file of the module.
type file struct {
	path string // relative to the module's root, with slashes
	test bool
	src  []byte
	tree *ast.File
	fset *token.FileSet
}

func (f file) at(n ast.Node) string {
	return f.path + ":" + strconv.Itoa(f.fset.Position(n.Pos()).Line)
}

// in reports whether the file's folder is dir or below it; "engine/" is only what is below.
func in(folder, dir string) bool {
	if strings.HasSuffix(dir, "/") {
		return strings.HasPrefix(folder, dir)
	}
	return dir == "" || folder == dir || strings.HasPrefix(folder, dir+"/")
}

func moduleFiles(t *testing.T) []file {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(root, "go.mod")); err != nil {
		t.Fatal(err)
	}
	var files []file
	err = filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "testdata" || d.Name() == "node_modules" || name != root && strings.HasPrefix(d.Name(), ".")) {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(name, ".go") {
			return nil
		}
		src, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		f := file{path: filepath.ToSlash(rel), test: strings.HasSuffix(name, "_test.go"), src: src, fset: token.NewFileSet()}
		f.tree, err = parser.ParseFile(f.fset, name, src, parser.ParseComments|parser.SkipObjectResolution)
		files = append(files, f)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(files) < 10 {
		t.Fatalf("found only %d Go files under %s", len(files), root)
	}
	return files
}

// allowed reports whether an import is in a list as rooms has them.
func allowed(imp string, list []string) bool {
	rel, own := strings.CutPrefix(imp, module+"/")
	if !own && !strings.Contains(strings.Split(imp, "/")[0], ".") {
		return true // standard library
	}
	if own {
		imp = rel
	}
	return slices.ContainsFunc(list, func(entry string) bool {
		if entry == structure {
			return own && strings.HasPrefix(imp, "engine/") && !in(imp, "engine/command")
		}
		prefix, tree := strings.CutSuffix(entry, "...")
		return imp == entry || tree && (imp+"/" == prefix || strings.HasPrefix(imp, prefix))
	})
}

func roomOf(folder string) (room, bool) {
	for _, r := range rooms() {
		if r.dir == "" && folder != "." {
			continue
		}
		if in(folder, r.dir) {
			return r, true
		}
	}
	return room{}, false
}

func TestImports(t *testing.T) {
	for _, f := range moduleFiles(t) {
		r, ok := roomOf(path.Dir(f.path))
		if !ok {
			t.Errorf("%s: no room of that name in the import order", f.path)
			continue
		}
		may := r.imports
		if f.test {
			may = append(slices.Clip(may), testImports()...)
			may = append(may, path.Dir(f.path)) // the package under test, from its external test
			if in(path.Dir(f.path), "engine") {
				may = append(may, "engine/...")
			}
		}
		for _, spec := range f.tree.Imports {
			imp, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			if !allowed(imp, may) {
				t.Errorf("%s: %s may not import %s", f.at(spec), path.Dir(f.path), imp)
			}
			if imp == "C" || imp == "unsafe" && in(path.Dir(f.path), "engine/command") {
				t.Errorf("%s: imports %s", f.at(spec), imp)
			}
		}
	}
}

// TestAllowed makes sure that the table refuses what it is there to refuse.
func TestAllowed(t *testing.T) {
	for _, tt := range []struct {
		folder, imp string
		want        bool
	}{
		{"engine", module + "/engine/dict", true},
		{"engine", module + "/engine/command", false},
		{"engine", module + "/server", false},
		{"engine/dict", module + "/engine", false},
		{"engine/dict", module + "/engine/glob", true},
		{"engine/command", module + "/engine", true},
		{"engine/command", module + "/scripting", false},
		{"scripting", "github.com/yuin/gopher-lua", true},
		{"scripting/lua", module + "/engine", false},
		{"engine", "github.com/yuin/gopher-lua/parse", false},
		{"persistence", "github.com/cockroachdb/pebble/v2/vfs", true},
		{"persistence", module + "/engine/command", false},
		{"server", "github.com/cockroachdb/pebble/v2", false},
		{"server", module + "/server/resp", true},
		{"server/resp", module + "/server", false},
		{"bench", module + "/server/resp", false},
		{"client", module + "/engine", false},
		{"cli", module + "/server", false},
		{"scripts", "github.com/tidwall/resp", false},
		{"scripts", "embed", true},
		{".", "github.com/cockroachdb/pebble/v2", false},
	} {
		r, ok := roomOf(tt.folder)
		if got := ok && allowed(tt.imp, r.imports); got != tt.want {
			t.Errorf("%s imports %s: allowed %v, want %v", tt.folder, tt.imp, got, tt.want)
		}
	}
	if _, ok := roomOf("helpers"); ok {
		t.Error("a folder outside the import order passes")
	}
}

func TestFileLength(t *testing.T) {
	long := longFiles()
	for _, f := range moduleFiles(t) {
		n, limit := bytes.Count(f.src, []byte("\n")), maxLines
		if f.test {
			limit = maxTestLines
		}
		reason, excepted := long[f.path]
		delete(long, f.path)
		switch {
		case n > limit && !excepted:
			t.Errorf("%s has %d lines, at most %d", f.path, n, limit)
		case n <= limit && excepted:
			t.Errorf("%s has only %d lines: take it off the list (%s)", f.path, n, reason)
		}
	}
	for name := range long {
		t.Errorf("the list of long files names %s, which does not exist", name)
	}
}

// TestState refuses init functions and package-level state that changes: maps and slices written outside their
// declaration, or package variables assigned anywhere.
func TestState(t *testing.T) {
	packages := map[string][]file{}
	for _, f := range moduleFiles(t) {
		if !f.test {
			packages[path.Dir(f.path)] = append(packages[path.Dir(f.path)], f)
		}
	}
	for _, files := range packages {
		vars := map[string]bool{}
		for _, f := range files {
			for _, d := range f.tree.Decls {
				switch d := d.(type) {
				case *ast.FuncDecl:
					if d.Name.Name == "init" && d.Recv == nil {
						t.Errorf("%s: init function", f.at(d))
					}
				case *ast.GenDecl:
					if d.Tok == token.VAR {
						for _, s := range d.Specs {
							for _, n := range s.(*ast.ValueSpec).Names {
								vars[n.Name] = n.Name != "_"
							}
						}
					}
				}
			}
		}
		for _, f := range files {
			for _, d := range f.tree.Decls {
				if fn, ok := d.(*ast.FuncDecl); ok && fn.Body != nil {
					checkWrites(t, f, fn, vars)
				}
			}
		}
	}
}

// checkWrites reports assignments of one function to package variables. It knows scopes only roughly: a name the
// function declares anywhere counts as its own.
func checkWrites(t *testing.T, f file, fn *ast.FuncDecl, vars map[string]bool) {
	own := map[string]bool{}
	declare := func(list *ast.FieldList) {
		if list == nil {
			return
		}
		for _, field := range list.List {
			for _, n := range field.Names {
				own[n.Name] = true
			}
		}
	}
	declare(fn.Recv)
	ast.Inspect(fn, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncType:
			declare(n.Params)
			declare(n.Results)
		case *ast.AssignStmt:
			if n.Tok == token.DEFINE {
				for _, e := range n.Lhs {
					own[base(e)] = true
				}
			}
		case *ast.RangeStmt:
			if n.Tok == token.DEFINE {
				own[base(n.Key)], own[base(n.Value)] = true, true
			}
		case *ast.ValueSpec:
			for _, name := range n.Names {
				own[name.Name] = true
			}
		}
		return true
	})
	written := func(e ast.Expr) {
		if name := base(e); vars[name] && !own[name] {
			t.Errorf("%s: %s writes the package variable %s", f.at(e), fn.Name.Name, name)
		}
	}
	ast.Inspect(fn.Body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			if n.Tok != token.DEFINE {
				for _, e := range n.Lhs {
					written(e)
				}
			}
		case *ast.IncDecStmt:
			written(n.X)
		}
		return true
	})
}

// base returns the variable an assignment to e changes: x of x, x[i], x.f; "" if there is none.
func base(e ast.Expr) string {
	for {
		switch x := e.(type) {
		case *ast.Ident:
			return x.Name
		case *ast.IndexExpr:
			e = x.X
		case *ast.SelectorExpr:
			e = x.X
		case *ast.ParenExpr:
			e = x.X
		default:
			return ""
		}
	}
}

// banned are calls that have no place in some files, with the reason.
func banned() []struct {
	call, why string
	applies   func(f file) bool
} {
	engine := func(f file) bool { return in(path.Dir(f.path), "engine") && !f.test }
	type ban = struct {
		call, why string
		applies   func(f file) bool
	}
	return []ban{
		{"time.Sleep", "tests wait for what they need, not for time", func(f file) bool { return f.test }},
		{"time.Now", "the engine is told the time", engine},
		{"time.Since", "the engine is told the time", engine},
		{"time.Until", "the engine is told the time", engine},
	}
}

func TestBannedCalls(t *testing.T) {
	for _, f := range moduleFiles(t) {
		for _, b := range banned() {
			if !b.applies(f) {
				continue
			}
			pkg, name, _ := strings.Cut(b.call, ".")
			ast.Inspect(f.tree, func(n ast.Node) bool {
				sel, ok := n.(*ast.SelectorExpr)
				if !ok || sel.Sel.Name != name {
					return true
				}
				if id, ok := sel.X.(*ast.Ident); ok && id.Name == pkg {
					t.Errorf("%s: %s: %s", f.at(n), b.call, b.why)
				}
				return true
			})
		}
	}
}

func TestEngineIsPure(t *testing.T) {
	impure := []string{"math/rand", "math/rand/v2", "crypto/rand", "os", "net", "sync", "sync/atomic", "io/fs", "log"}
	for _, f := range moduleFiles(t) {
		if f.test || !in(path.Dir(f.path), "engine") {
			continue
		}
		for _, spec := range f.tree.Imports {
			if imp, _ := strconv.Unquote(spec.Path.Value); slices.Contains(impure, imp) {
				t.Errorf("%s: the engine has no goroutine, lock, I/O, clock or randomness of its own, but imports %s", f.at(spec), imp)
			}
		}
		ast.Inspect(f.tree, func(n ast.Node) bool {
			if _, ok := n.(*ast.GoStmt); ok {
				t.Errorf("%s: the engine starts no goroutine", f.at(n))
			}
			return true
		})
	}
}
