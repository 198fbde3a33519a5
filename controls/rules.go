package controls

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/types"
)

var stringList = reflect.TypeFor[[]string]()

// calls are the functions that a test may use. What is missing here could lose an unknown: an
// index into a list, a sum of lists, sets, map and filter.
var calls = map[string]bool{
	"_&&_": true, "_||_": true, "!_": true, "_?_:_": true, "@not_strictly_false": true,
	"_==_": true, "_!=_": true, "_<_": true, "_<=_": true, "_>_": true, "_>=_": true,
	"@in": true, "size": true, "startsWith": true, "endsWith": true, "contains": true, "matches": true,
	"timestamp": true, "duration": true, "_-_": true, "_+_": true, "-_": true,
	"within": true, "trusted": true, "at_home": true, "like": true, "without": true, "days_since": true, "unread": true, "not_named": true,
}

// checkRules refuses the expressions in which what was not seen could be lost.
func checkRules(tree *cel.Ast) error {
	var err error
	native := tree.NativeRep()
	ast.PostOrderVisit(native.Expr(), ast.NewExprVisitor(func(e ast.Expr) {
		if err == nil {
			err = checkNode(native, e)
		}
	}))
	return err
}

func checkNode(tree *ast.AST, e ast.Expr) error {
	switch e.Kind() {
	case ast.CallKind:
		return checkCall(tree, e.AsCall())
	case ast.ListKind:
		for _, elem := range e.AsList().Elements() {
			if elem.Kind() != ast.LiteralKind {
				return fmt.Errorf("a list in a test holds literals only")
			}
		}
	case ast.ComprehensionKind:
		return checkLoop(e.AsComprehension())
	case ast.MapKind, ast.StructKind:
		return fmt.Errorf("a test makes no maps and no records")
	case ast.SelectKind:
		if e.AsSelect().IsTestOnly() {
			return fmt.Errorf("has() answers true for what was not seen; compare with null instead")
		}
		if of := tree.GetType(e.AsSelect().Operand().ID()); of.Kind() == types.MapKind {
			return fmt.Errorf("a missing label is an error; ask for %q in fact.tags first, or leave labels to the register", e.AsSelect().FieldName())
		}
	}
	return nil
}

// checkLoop refuses all(x, true) and its like: of a list that was cut off, the element that was not
// seen would count as one that was.
func checkLoop(loop ast.ComprehensionExpr) error {
	reads := false
	ast.PostOrderVisit(loop.LoopStep(), ast.NewExprVisitor(func(e ast.Expr) {
		reads = reads || e.Kind() == ast.IdentKind && e.AsIdent() == loop.IterVar()
	}))
	if !reads {
		return fmt.Errorf("all() and exists() must look at their element %s", loop.IterVar())
	}
	return nil
}

func checkCall(tree *ast.AST, call ast.CallExpr) error {
	name := call.FunctionName()
	if !calls[name] {
		return fmt.Errorf("%s is not for tests: what was not seen could get lost in it", strings.Trim(name, "_"))
	}
	switch name {
	case "_==_", "_!=_", "_+_", "_-_":
		for _, arg := range call.Args() {
			if k := tree.GetType(arg.ID()).Kind(); k == types.ListKind || k == types.MapKind || k == types.OpaqueKind {
				return fmt.Errorf("lists and places are neither compared nor added; use all, exists, in, size or within")
			}
		}
	case "unread", "not_named":
		if call.Args()[0].Kind() != ast.LiteralKind {
			return fmt.Errorf("%s() takes a name as it is", name)
		}
	}
	return nil
}

// readsOf lists the pointers of the fields that a test reads, sorted.
func readsOf(tree *cel.Ast) []string {
	var out []string
	ast.PostOrderVisit(tree.NativeRep().Expr(), ast.NewExprVisitor(func(e ast.Expr) {
		ptr := ""
		for e.Kind() == ast.SelectKind {
			ptr = "/" + e.AsSelect().FieldName() + ptr
			e = e.AsSelect().Operand()
		}
		if e.Kind() == ast.IdentKind && e.AsIdent() == "fact" && ptr != "" {
			out = append(out, ptr)
		}
	}))
	slices.Sort(out)
	out = slices.Compact(out)
	// A record is shown by the fields that were read of it.
	return slices.DeleteFunc(out, func(p string) bool {
		return slices.ContainsFunc(out, func(q string) bool { return strings.HasPrefix(q, p+"/") })
	})
}
