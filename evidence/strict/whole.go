package strict

import (
	"reflect"
	"regexp"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

// digitsOnly is a whole number in quotes, which the library reads as one.
var digitsOnly = regexp.MustCompile(`^-?[0-9]+$`)

// notWhole finds the first value that is written where a type wants a whole number, and is none: the library would
// cut 30.5 to 30, in quotes too. It is nil where there is none.
func notWhole(n ast.Node, t reflect.Type) ast.Node {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch n := n.(type) {
	case *ast.MappingNode:
		for _, v := range n.Values {
			if bad := notWhole(v, t); bad != nil {
				return bad
			}
		}
	case *ast.MappingValueNode:
		if of := valueOf(n, t); of != nil {
			return notWhole(n.Value, of)
		}
	case *ast.SequenceNode:
		if t.Kind() != reflect.Slice {
			return nil
		}
		for _, v := range n.Values {
			if bad := notWhole(v, t.Elem()); bad != nil {
				return bad
			}
		}
	case *ast.TagNode:
		return notWhole(n.Value, t)
	case *ast.FloatNode:
		if reflect.Int <= t.Kind() && t.Kind() <= reflect.Uint64 {
			return n
		}
	case *ast.StringNode:
		if reflect.Int <= t.Kind() && t.Kind() <= reflect.Uint64 && !digitsOnly.MatchString(n.Value) {
			return n
		}
	}
	return nil
}

// valueOf gives the type of a value by its name; nil where the type has no such name.
func valueOf(n *ast.MappingValueNode, t reflect.Type) reflect.Type {
	switch t.Kind() {
	case reflect.Map:
		return t.Elem()
	case reflect.Struct:
		name := keyToken(n).Value
		for f := range t.Fields() {
			if tag, _, _ := strings.Cut(f.Tag.Get("yaml"), ","); tag == name {
				return f.Type
			}
		}
	}
	return nil
}

// keyToken is that of a value's name.
func keyToken(n *ast.MappingValueNode) *token.Token {
	key := ast.Node(n.Key)
	if k, ok := key.(*ast.MappingKeyNode); ok { // written as ? name
		key = k.Value
	}
	return key.GetToken()
}
