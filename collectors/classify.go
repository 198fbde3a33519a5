package collectors

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/trefoil-audit/trefoil/evidence"
)

// classify says what an answer means for an operation. It is a pure function of the
// declaration and the answer, so coverage can be derived again from a recording.
func classify(op Operation, status int, header http.Header, body []byte) (evidence.Status, string) {
	if status >= 200 && status < 300 {
		if err := op.Genuine.check(body); err != nil {
			return evidence.Failed, "not a genuine answer: " + err.Error()
		}
		return evidence.OK, ""
	}
	code := errorCode(header, body)
	switch {
	case code != "" && slices.Contains(op.Empty, code) && answers(status, code):
		return evidence.Empty, code
	case code != "" && slices.Contains(op.Disabled, code) && answers(status, code):
		return evidence.Disabled, code
	}
	return classifyError(status, code)
}

// answers reports whether a declared code can be the service's answer: it comes with a client
// error. With any other status a proxy, a refusal or a broken server says it, and that proves
// nothing. A refusal (403) carries only the codes of a service that is switched off.
func answers(status int, code string) bool {
	switch status {
	case http.StatusUnauthorized, http.StatusTooManyRequests:
		return false
	case http.StatusForbidden:
		return switchedOff[code]
	}
	return status >= 400 && status < 500
}

func classifyError(status int, code string) (evidence.Status, string) {
	reason := code
	if reason == "" {
		reason = "HTTP " + http.StatusText(status)
	}
	switch {
	case throttling[code], status == http.StatusTooManyRequests:
		return evidence.Throttled, reason
	case unsupported[code], status == http.StatusNotImplemented, code == "" && status == http.StatusNotFound,
		code == "" && status == http.StatusMethodNotAllowed:
		return evidence.Unsupported, reason
	case denying[code], status == http.StatusUnauthorized, status == http.StatusForbidden:
		return evidence.Denied, reason
	}
	return evidence.Failed, reason
}

// Error codes that mean the same for every service, from the "Common errors" pages of AWS and
// google.rpc.Code.
var (
	throttling = set("Throttling", "ThrottlingException", "ThrottledException", "RequestThrottled", "RequestThrottledException",
		"TooManyRequestsException", "RequestLimitExceeded", "SlowDown", "ProvisionedThroughputExceededException",
		"LimitExceededException", "RESOURCE_EXHAUSTED", "rateLimitExceeded", "userRateLimitExceeded")
	denying = set("AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError", "UnauthorizedException",
		"AuthFailure", "OptInRequired", "InvalidClientTokenId", "UnrecognizedClientException", "ExpiredToken", "ExpiredTokenException",
		"PERMISSION_DENIED", "UNAUTHENTICATED", "forbidden")
	switchedOff = set("SERVICE_DISABLED", "accessNotConfigured") // Google answers both with 403
	unsupported = set("NotImplemented", "UnknownOperationException", "InvalidAction", "UnsupportedOperation", "UNIMPLEMENTED", "MethodNotAllowed")
)

func set(names ...string) map[string]bool {
	m := make(map[string]bool, len(names))
	for _, n := range names {
		m[n] = true
	}
	return m
}

func (g Genuine) check(body []byte) error {
	switch {
	case g.Bodyless:
		return nil
	case len(bytes.TrimSpace(body)) == 0:
		return errors.New("no body")
	case g.Root != "":
		return g.checkRoot(body)
	case g.Member != "" || g.Object:
		return g.checkMember(body)
	}
	return errors.New("the operation declares no genuine answer")
}

func (g Genuine) checkRoot(body []byte) error {
	d := xml.NewDecoder(bytes.NewReader(body))
	seen, held, depth := false, g.Holds == "", 0
	for {
		tok, err := d.Token()
		if errors.Is(err, io.EOF) {
			if !seen {
				return errors.New("no XML element")
			}
			if !held {
				return errors.New("no element " + g.Holds)
			}
			return nil
		}
		if err != nil {
			return errors.New("cut off or malformed XML")
		}
		switch tok := tok.(type) {
		case xml.StartElement:
			if !seen && !slices.Contains(strings.Split(g.Root, "|"), tok.Name.Local) {
				return errors.New("root element " + tok.Name.Local + ", want " + g.Root)
			}
			held = held || (depth == 1 || depth == 2) && tok.Name.Local == g.Holds
			seen = true
			depth++
		case xml.EndElement:
			depth--
		}
	}
}

func (g Genuine) checkMember(body []byte) error {
	kind, ok := evidence.KindOfMember(body, g.Member)
	if !ok {
		d := jsontext.NewDecoder(bytes.NewBuffer(body))
		if d.PeekKind() != jsontext.KindBeginObject {
			if jsontext.Value(body).IsValid() {
				return errors.New("no JSON object")
			}
			return errCutOff
		}
		var err error
		if kind, err = memberKind(d, g.Member); err != nil {
			return errCutOff
		}
	}
	switch {
	case g.Member == "":
		return nil
	case kind == 0:
		return errors.New("no member " + g.Member)
	}
	// Measured: null decodes to a list of nothing, without an error.
	if name := typeOf(kind); !slices.Contains(strings.Split(g.Types, "|"), name) {
		return errors.New("member " + g.Member + " is of type " + name + ", want " + g.Types)
	}
	return nil
}

var errCutOff = errors.New("cut off or malformed JSON")

// memberKind reads one object to its end, and gives the kind of its member of a name; 0 where it has none.
func memberKind(d *jsontext.Decoder, name string) (kind jsontext.Kind, err error) {
	if _, err := d.ReadToken(); err != nil {
		return 0, err
	}
	for d.PeekKind() != jsontext.KindEndObject {
		member, err := d.ReadToken()
		if err != nil {
			return 0, err
		}
		if member.String() == name {
			kind = d.PeekKind()
		}
		if _, err := d.ReadValue(); err != nil {
			return 0, err
		}
	}
	if _, err := d.ReadToken(); err != nil {
		return 0, err
	}
	if _, err := d.ReadToken(); !errors.Is(err, io.EOF) {
		return 0, errors.New("bytes behind the object")
	}
	return kind, nil
}

// typeOf names the type of a JSON value as JSON Schema does.
func typeOf(k jsontext.Kind) string {
	switch k {
	case '[':
		return "array"
	case '{':
		return "object"
	case '"':
		return "string"
	case 't', 'f':
		return "boolean"
	case '0':
		return "number"
	}
	return "null"
}

// errorCode finds the provider's error code: AWS's header, JSON or XML forms, Google's JSON.
func errorCode(header http.Header, body []byte) string {
	if code := header.Get("X-Amzn-Errortype"); code != "" {
		return trimCode(code)
	}
	trimmed := bytes.TrimSpace(body)
	switch {
	case bytes.HasPrefix(trimmed, []byte("{")):
		return jsonCode(trimmed)
	case bytes.HasPrefix(trimmed, []byte("<")):
		return xmlCode(trimmed)
	}
	return ""
}

func jsonCode(body []byte) string {
	var e struct {
		Type  string         `json:"__type"`
		Code  jsontext.Value `json:"code"`
		Error jsontext.Value `json:"error"`
	}
	if json.Unmarshal(body, &e) != nil {
		return ""
	}
	if e.Type != "" {
		return trimCode(e.Type)
	}
	var code string
	if len(e.Code) > 0 && json.Unmarshal(e.Code, &code) == nil && code != "" {
		return trimCode(code)
	}
	var google struct {
		Status string `json:"status"`
		Errors []struct {
			Reason string `json:"reason"`
		} `json:"errors"`
		Details []struct {
			Reason string `json:"reason"`
		} `json:"details"`
	}
	if len(e.Error) == 0 || json.Unmarshal(e.Error, &google) != nil {
		return ""
	}
	for _, one := range google.Errors { // the older APIs of Google refuse for the rate with 403
		if throttling[one.Reason] {
			return one.Reason
		}
	}
	for _, d := range google.Details {
		if d.Reason != "" {
			return d.Reason
		}
	}
	if google.Status == "" && len(google.Errors) > 0 {
		return google.Errors[0].Reason
	}
	return google.Status
}

// xmlCode reads the text of the first Code element, wherever it stands: Error/Code (S3),
// ErrorResponse/Error/Code (query) and Response/Errors/Error/Code (EC2).
func xmlCode(body []byte) string {
	d := xml.NewDecoder(bytes.NewReader(body))
	for {
		tok, err := d.Token()
		if err != nil {
			return ""
		}
		if start, ok := tok.(xml.StartElement); ok && start.Name.Local == "Code" {
			var code string
			if d.DecodeElement(&code, &start) != nil {
				return ""
			}
			return trimCode(code)
		}
	}
}

// trimCode strips the name space and address that some protocols put around a code:
// com.amazonaws.kms#NotFoundException, NotFoundException:http://….
func trimCode(code string) string {
	code, _, _ = strings.Cut(code, ":")
	if i := strings.LastIndexByte(code, '#'); i >= 0 {
		code = code[i+1:]
	}
	return strings.TrimSpace(code)
}
