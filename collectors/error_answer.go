package collectors

import (
	"bytes"
	"encoding/xml"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/trefoil-audit/trefoil/evidence"
)

// errorAnswer stands in the place of a path where a rule took an answer that is an error.
const errorAnswer = "error answer"

// codeForm is the form of an error code. What is longer, or has blanks, may be a sentence about somebody.
// It is compiled once it is asked for: with its count that takes long.
var codeForm = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_.]{0,99}$`) })

// keptCode gives an error code, or "" for what has not the form of one.
func keptCode(code string) string {
	if code = trimCode(code); codeForm().MatchString(code) {
		return code
	}
	return ""
}

// onlyCode makes of an error answer one that says its error code and nothing else, in the form in which the
// SDK finds it: its sentence may name people (User: arn:aws:iam::…:user/jane is not authorized). What has no
// code in a form that is known is left empty. Made of what it gave, it gives the same.
func onlyCode(body []byte, message string) []byte {
	trimmed := bytes.TrimSpace(body)
	switch {
	case bytes.HasPrefix(trimmed, []byte("{")):
		return onlyJSONCode(trimmed, message)
	case bytes.HasPrefix(trimmed, []byte("<")):
		return onlyXMLCode(trimmed, message)
	}
	return nil
}

// reasoned is what of an element of Google's error lists is kept.
type reasoned struct {
	Reason string `json:"reason"`
}

// googleError is what is kept of an error of Google (google.rpc.Status, and the older form beside it).
type googleError struct {
	Code    int        `json:"code,omitzero"`
	Message string     `json:"message,omitempty"`
	Status  string     `json:"status,omitempty"`
	Errors  []reasoned `json:"errors,omitempty"`
	Details []reasoned `json:"details,omitempty"`
}

// jsonError is what is kept of an error in JSON: of AWS's two protocols, and of Google.
type jsonError struct {
	Type    string       `json:"__type,omitempty"`
	Code    string       `json:"code,omitempty"`
	Message string       `json:"message,omitempty"`
	Error   *googleError `json:"error,omitzero"`
}

func onlyJSONCode(body []byte, message string) []byte {
	var e struct {
		Type  string         `json:"__type"`
		Code  jsontext.Value `json:"code"`
		Error jsontext.Value `json:"error"`
	}
	if json.Unmarshal(body, &e) != nil {
		return nil
	}
	kept := jsonError{Type: keptCode(e.Type)}
	var code string
	if len(e.Code) > 0 && json.Unmarshal(e.Code, &code) == nil {
		kept.Code = keptCode(code)
	}
	var google googleError
	if len(e.Error) > 0 && json.Unmarshal(e.Error, &google) == nil {
		kept.Error = google.onlyCodes(message)
	}
	if kept == (jsonError{}) {
		return nil
	}
	if kept.Error == nil {
		kept.Message = message
	}
	out, err := evidence.Canonical(kept)
	if err != nil {
		return nil
	}
	return out
}

func (e googleError) onlyCodes(message string) *googleError {
	codes := func(list []reasoned) (kept []reasoned) {
		for _, one := range list {
			if code := keptCode(one.Reason); code != "" {
				kept = append(kept, reasoned{code})
			}
		}
		return kept
	}
	e.Status, e.Errors, e.Details = keptCode(e.Status), codes(e.Errors), codes(e.Details)
	if e.Status == "" && e.Errors == nil && e.Details == nil {
		return nil
	}
	if e.Code < 100 || e.Code > 599 {
		e.Code = 0
	}
	e.Message = message
	return &e
}

// around are the elements that AWS's protocols put around an error code.
var around = []string{"Error", "ErrorResponse", "Response", "Errors"}

func onlyXMLCode(body []byte, message string) []byte {
	d := xml.NewDecoder(bytes.NewReader(body))
	var open []string
	for {
		tok, err := d.Token()
		if err != nil {
			return nil
		}
		switch tok := tok.(type) {
		case xml.EndElement:
			open = open[:len(open)-1]
		case xml.StartElement:
			if tok.Name.Local != "Code" {
				open = append(open, tok.Name.Local)
				continue
			}
			var code string
			if d.DecodeElement(&code, &tok) != nil {
				return nil
			}
			return xmlError(open, keptCode(code), message)
		}
	}
}

func xmlError(open []string, code, message string) []byte {
	if code == "" || slices.ContainsFunc(open, func(name string) bool { return !slices.Contains(around, name) }) || len(open) > len(around) {
		return nil
	}
	var b strings.Builder
	for _, name := range open {
		b.WriteString("<" + name + ">")
	}
	b.WriteString("<Code>" + code + "</Code><Message>" + message + "</Message>")
	for _, name := range slices.Backward(open) {
		b.WriteString("</" + name + ">")
	}
	return []byte(b.String())
}

// errorType is the header by which AWS's JSON protocols say an error code.
const errorType = "X-Amzn-Errortype"

// onlyCodeHeader leaves of that header what is a code, and reports whether it was more.
func onlyCodeHeader(x *evidence.Exchange, header http.Header) (changed bool) {
	said := header.Get(errorType)
	code := keptCode(said)
	switch {
	case code == said:
		return false
	case code == "":
		delete(x.Answer, errorType)
		header.Del(errorType)
	default:
		x.Answer[errorType] = code
		header.Set(errorType, code)
	}
	return true
}
