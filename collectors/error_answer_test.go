package collectors

import (
	"bytes"
	"net/http"
	"strings"
	"testing"

	"github.com/trefoil-audit/trefoil/evidence"
)

const jane = "User: arn:aws:iam::111122223333:user/jane.doe is not authorized"

// Of an error answer under a rule status and code stay, and it means the same as before; nothing else stays.
func TestErrorAnswerKeepsItsCode(t *testing.T) {
	op := Operation{Name: "s:List", List: true, Empty: []string{"NoSuchTagSet"}, Disabled: []string{"SERVICE_DISABLED"}, Genuine: Genuine{Object: true}}
	for name, c := range map[string]struct {
		status int
		header string
		body   string
		want   evidence.Status
		reason string
	}{
		"S3":                       {403, "", `<?xml version="1.0"?><Error><Code>AccessDenied</Code><Message>` + jane + `</Message><HostId>jane</HostId></Error>`, evidence.Denied, "AccessDenied"},
		"S3: there is none":        {404, "", `<Error><Code>NoSuchTagSet</Code><BucketName>jane</BucketName></Error>`, evidence.Empty, "NoSuchTagSet"},
		"query":                    {403, "", `<ErrorResponse xmlns="jane"><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>` + jane + `</Message></Error><RequestId>jane</RequestId></ErrorResponse>`, evidence.Denied, "AccessDenied"},
		"EC2":                      {403, "", `<Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>` + jane + `</Message></Error></Errors></Response>`, evidence.Denied, "UnauthorizedOperation"},
		"JSON":                     {400, "", `{"__type":"com.amazonaws.kms#AccessDeniedException","Message":"` + jane + `"}`, evidence.Denied, "AccessDeniedException"},
		"JSON with header":         {400, "AccessDeniedException:http://internal/jane", `{"message":"` + jane + `"}`, evidence.Denied, "AccessDeniedException"},
		"JSON with code":           {400, "", `{"code":"ThrottlingException","message":"` + jane + `"}`, evidence.Throttled, "ThrottlingException"},
		"Google":                   {403, "", `{"error":{"code":403,"status":"PERMISSION_DENIED","message":"` + jane + `","details":[{"reason":"SERVICE_DISABLED","metadata":{"consumer":"jane"}}]}}`, evidence.Disabled, "SERVICE_DISABLED"},
		"Google's older form":      {403, "", `{"error":{"code":403,"errors":[{"reason":"rateLimitExceeded","message":"` + jane + `"}],"message":"` + jane + `"}}`, evidence.Throttled, "rateLimitExceeded"},
		"a page of a proxy":        {403, "", `<html><body>` + jane + `</body></html>`, evidence.Denied, "HTTP Forbidden"},
		"a page with a code":       {404, "", `<html><Code>NoSuchTagSet</Code>` + jane + `</html>`, evidence.Unsupported, "HTTP Not Found"},
		"a code that is a text":    {403, "jane.doe is refused", `{"__type":"jane.doe is refused"}`, evidence.Denied, "HTTP Forbidden"},
		"no form that is known":    {500, "", jane, evidence.Failed, "HTTP Internal Server Error"},
		"a member twice":           {403, "", `{"__type":"x","__type":"` + jane + `"}`, evidence.Denied, "HTTP Forbidden"},
		"a reason that is a text":  {403, "", `{"error":{"status":"PERMISSION_DENIED","details":[{"reason":"jane is not"}]}}`, evidence.Denied, "PERMISSION_DENIED"},
		"no body but for a header": {403, "AccessDenied: jane", ``, evidence.Denied, "AccessDenied"},
	} {
		t.Run(name, func(t *testing.T) {
			w := Withholding{"s:List": {{Rule: "r"}}}
			x := evidence.Exchange{Operation: "s:List", Status: c.status, Answer: map[string]string{}}
			header := http.Header{}
			if c.header != "" {
				x.Answer[errorType] = c.header
				header.Set(errorType, c.header)
			}
			kept := w.keep(op, &x, header, []byte(c.body))
			if x.Outcome != c.want || x.Reason != c.reason || len(x.Withheld) != 1 || x.Withheld[0] != (evidence.Withheld{Rule: "r", Field: "error answer", Values: 1}) {
				t.Errorf("%+v", x)
			}
			all, err := evidence.Canonical(x)
			if err != nil || strings.Contains(string(all)+string(kept)+header.Get(errorType), "jane") {
				t.Errorf("%s %s %v", all, kept, err)
			}
			again := w.keep(op, &x, header, kept)
			if !bytes.Equal(again, kept) || len(x.Withheld) != 1 || x.Outcome != c.want || x.Reason != c.reason {
				t.Errorf("a replay keeps %s, and %+v", again, x)
			}
			plain := evidence.Exchange{Operation: "s:Other", Status: c.status}
			if whole := w.keep(op, &plain, http.Header{}, []byte(c.body)); string(whole) != c.body || len(plain.Withheld) != 0 {
				t.Errorf("of an operation that no rule names %s is kept", whole)
			}
		})
	}
}

// An answer that is not genuine may hold anything: under a rule nothing of it is kept, with paths or without.
func TestErrorRuleKeepsNoFalseAnswer(t *testing.T) {
	x := evidence.Exchange{Operation: "s:List", Status: 200}
	kept := Withholding{"s:List": {{Rule: "r"}}}.keep(Operation{Name: "s:List", Genuine: Genuine{Member: "things", Types: "array"}}, &x, http.Header{}, []byte(`{"who":"jane"}`))
	if len(kept) != 0 || x.Outcome != evidence.Failed || len(x.Withheld) != 1 || x.Withheld[0].Failed == "" || x.Withheld[0].Field != errorAnswer {
		t.Errorf("%s %+v", kept, x)
	}
}

// What is kept of an error answer is kept again as it is, whatever came, and is no longer than it must be.
func FuzzErrorAnswer(f *testing.F) {
	for _, seed := range []string{"", "{", `{"__type":"a#B"}`, `{"error":{"code":403,"status":"X","errors":[{"reason":"y"}]}}`, `<Error><Code>A</Code></Error>`, `<Response><Errors><Error><Code>A</Code>`, `<a><Code>B</Code></a>`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		kept := onlyCode(body, evidence.Marker("r"))
		if again := onlyCode(kept, evidence.Marker("r")); !bytes.Equal(again, kept) {
			t.Errorf("%q becomes %q, then %q", body, kept, again)
		}
		if code := errorCode(http.Header{}, kept); code != "" && !codeForm().MatchString(code) {
			t.Errorf("%q keeps the code %q", body, code)
		}
	})
}
