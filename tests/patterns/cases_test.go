// The list of regression cases is complete: each of the thirty bugs has its test, by number.
package patterns

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
)

// A test owns a case by its name (TestRegression07ShortLease), or says so in the first words of its comment ("Regression 30: ...").
func TestThirtyCases(t *testing.T) {
	owner := map[int]string{}
	byName, byComment := regexp.MustCompile(`^TestRegression(\d\d)`), regexp.MustCompile(`^Regression (\d\d): `)
	for _, dir := range []string{".", "../../client"} {
		files, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range files {
			file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range file.Decls {
				f, ok := d.(*ast.FuncDecl)
				if !ok {
					continue
				}
				m := byName.FindStringSubmatch(f.Name.Name)
				if m == nil {
					m = byComment.FindStringSubmatch(f.Doc.Text())
				}
				if m != nil {
					n, _ := strconv.Atoi(m[1])
					owner[n] = f.Name.Name
				}
			}
		}
	}
	for n := 1; n <= 30; n++ {
		if owner[n] == "" {
			t.Errorf("case %d has no test", n)
		}
	}
	if len(owner) != 30 {
		t.Errorf("%d cases, want 30: %v", len(owner), owner)
	}
}
