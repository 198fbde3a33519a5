package cut

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
)

// element is an XML element by where its content stands in the body.
type element struct {
	name     string
	text     []byte
	children []*element
	from, to int // of what stands between its tags
}

func xmlEdits(body []byte, steps []step, leaf func(string) (string, error)) ([]edit, error) {
	root, err := readXML(body)
	if err != nil {
		return nil, err
	}
	w := &xmlWalk{leaf: leaf}
	err = w.walk(root, steps)
	return w.edits, err
}

// readXML reads the root element.
func readXML(body []byte) (*element, error) {
	d := xml.NewDecoder(bytes.NewReader(body))
	top := &element{}
	open := []*element{top}
	for {
		before := int(d.InputOffset())
		tok, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil || len(open) > maxDepth {
			return nil, ErrForm
		}
		at := open[len(open)-1]
		switch tok := tok.(type) {
		case xml.StartElement:
			e := &element{name: tok.Name.Local, from: int(d.InputOffset())}
			at.children = append(at.children, e)
			open = append(open, e)
		case xml.EndElement:
			at.to = before
			open = open[:len(open)-1]
		case xml.CharData:
			at.text = append(at.text, tok...)
		}
	}
	if len(open) != 1 || len(top.children) != 1 {
		return nil, ErrForm
	}
	return top.children[0], nil
}

type xmlWalk struct {
	leaf  func(string) (string, error)
	edits []edit
}

func (w *xmlWalk) walk(e *element, steps []step) error {
	if len(steps) == 0 {
		return w.replace(e)
	}
	for _, c := range e.children {
		if s := steps[0]; s.name != "*" && s.name != c.name || !s.admitsXML(c) {
			continue
		}
		if err := w.walk(c, steps[1:]); err != nil {
			return err
		}
	}
	return nil
}

func (s step) admitsXML(e *element) bool {
	switch {
	case s.like == "":
		return true
	case s.self:
		return len(e.children) > 0 || Match(s.like, string(e.text))
	}
	for _, c := range e.children {
		if c.name == s.child && len(c.children) == 0 && Match(s.like, string(c.text)) {
			return true
		}
	}
	return false
}

func (w *xmlWalk) replace(e *element) error {
	if len(e.children) > 0 {
		return ErrValue
	}
	to, err := w.leaf(string(e.text))
	if err != nil || to == string(e.text) {
		return err
	}
	var b bytes.Buffer
	if err := xml.EscapeText(&b, []byte(to)); err != nil {
		return ErrValue
	}
	w.edits = append(w.edits, edit{e.from, e.to, b.Bytes()})
	return nil
}
