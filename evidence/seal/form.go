package seal

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"

	"github.com/go-json-experiment/json"
	protobundle "github.com/sigstore/protobuf-specs/gen/pb-go/bundle/v1"
	protocommon "github.com/sigstore/protobuf-specs/gen/pb-go/common/v1"
	protodsse "github.com/sigstore/protobuf-specs/gen/pb-go/dsse"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/trefoil-audit/trefoil/evidence"
)

// read reads a Sigstore bundle in our form: the canonical form (RFC 8785) of its protojson, with no
// unknown field.
func read(file []byte) (*protobundle.Bundle, error) {
	if pb, ok := readUsual(file); ok {
		return pb, nil
	}
	return readAny(file)
}

// readUsual reads a usual bundle. What gives these very bytes when it is written is what they say:
// protojson need not read and write them again.
func readUsual(file []byte) (pb *protobundle.Bundle, ok bool) {
	u := &usual{}
	if json.Unmarshal(file, u) != nil || !u.whole() || !bytes.Equal(u.text(), file) {
		return nil, false
	}
	return u.bundle(), true
}

// readAny reads any bundle, by way of protojson.
func readAny(file []byte) (*protobundle.Bundle, error) {
	pb := &protobundle.Bundle{}
	if err := protojson.Unmarshal(file, pb); err != nil {
		return nil, errors.New("it is no Sigstore bundle")
	}
	again, err := writeAny(pb)
	if err != nil || !bytes.Equal(again, file) {
		return nil, fmt.Errorf("its bytes are not in canonical form, from byte %d on", evidence.Differ(again, file))
	}
	return pb, nil
}

// write writes a Sigstore bundle in our form.
func write(pb *protobundle.Bundle) ([]byte, error) {
	if u, ok := usualOf(pb); ok && u.whole() {
		return u.text(), nil
	}
	return writeAny(pb)
}

// writeAny writes any bundle, by way of protojson.
func writeAny(pb *protobundle.Bundle) ([]byte, error) {
	raw, err := protojson.Marshal(pb)
	if err != nil {
		return nil, err
	}
	return evidence.Canonicalize(raw)
}

// usual is a bundle as most are: one signature by a key or certificate, with times, without entries
// of logs. Its members are in the order of RFC 8785, and its strings have nothing to escape, so that
// writing it gives our form at once; what it cannot hold goes by protojson.
type usual struct {
	Envelope struct {
		Payload     []byte           `json:"payload"`
		PayloadType string           `json:"payloadType"`
		Signatures  []usualSignature `json:"signatures"`
	} `json:"dsseEnvelope"`
	MediaType string `json:"mediaType"`
	Material  struct {
		Certificate *usualCertificate `json:"certificate,omitempty"`
		PublicKey   *usualKey         `json:"publicKey,omitempty"`
		Times       *usualTimes       `json:"timestampVerificationData,omitempty"`
	} `json:"verificationMaterial"`
}

type usualSignature struct {
	Sig []byte `json:"sig"`
}

type usualCertificate struct {
	DER []byte `json:"rawBytes"`
}

type usualKey struct {
	Hint string `json:"hint"`
}

type usualTimes struct {
	Tokens []usualToken `json:"rfc3161Timestamps"`
}

type usualToken struct {
	DER []byte `json:"signedTimestamp"`
}

// whole reports whether nothing is empty: protojson leaves out what is.
func (u *usual) whole() bool {
	m := &u.Material
	if len(u.Envelope.Payload) == 0 || u.Envelope.PayloadType != payloadType || len(u.Envelope.Signatures) != 1 ||
		len(u.Envelope.Signatures[0].Sig) == 0 || u.MediaType != mediaType || (m.Certificate == nil) == (m.PublicKey == nil) {
		return false
	}
	if m.Certificate != nil && len(m.Certificate.DER) == 0 || m.PublicKey != nil && !plainHint(m.PublicKey.Hint) {
		return false
	}
	if m.Times == nil {
		return true
	}
	for _, t := range m.Times.Tokens {
		if len(t.DER) == 0 {
			return false
		}
	}
	return len(m.Times.Tokens) > 0
}

// plainHint reports whether a hint is such as ours are, base64: it needs no escape in JSON.
func plainHint(hint string) bool {
	for _, c := range []byte(hint) {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '+' && c != '/' && c != '=' {
			return false
		}
	}
	return hint != ""
}

func (u *usual) bundle() *protobundle.Bundle {
	m := &protobundle.VerificationMaterial{}
	if c := u.Material.Certificate; c != nil {
		m.Content = &protobundle.VerificationMaterial_Certificate{Certificate: &protocommon.X509Certificate{RawBytes: c.DER}}
	} else {
		m.Content = &protobundle.VerificationMaterial_PublicKey{PublicKey: &protocommon.PublicKeyIdentifier{Hint: u.Material.PublicKey.Hint}}
	}
	if times := u.Material.Times; times != nil {
		m.TimestampVerificationData = &protobundle.TimestampVerificationData{}
		for _, t := range times.Tokens {
			m.TimestampVerificationData.Rfc3161Timestamps = append(m.TimestampVerificationData.Rfc3161Timestamps, &protocommon.RFC3161SignedTimestamp{SignedTimestamp: t.DER})
		}
	}
	return &protobundle.Bundle{MediaType: u.MediaType, VerificationMaterial: m, Content: &protobundle.Bundle_DsseEnvelope{DsseEnvelope: &protodsse.Envelope{
		Payload: u.Envelope.Payload, PayloadType: u.Envelope.PayloadType, Signatures: []*protodsse.Signature{{Sig: u.Envelope.Signatures[0].Sig}}}}}
}

// usualOf takes of a bundle what a usual one has; ok is false where there is a field that a usual one
// has not. A test holds that it looks at every field that there is.
func usualOf(pb *protobundle.Bundle) (u *usual, ok bool) {
	u = &usual{MediaType: pb.GetMediaType()}
	u.Envelope.Payload, u.Envelope.PayloadType = pb.GetDsseEnvelope().GetPayload(), pb.GetDsseEnvelope().GetPayloadType()
	for _, s := range pb.GetDsseEnvelope().GetSignatures() {
		if s.GetKeyid() != "" {
			return nil, false
		}
		u.Envelope.Signatures = append(u.Envelope.Signatures, usualSignature{s.GetSig()})
	}
	m := pb.GetVerificationMaterial()
	if len(m.GetTlogEntries()) > 0 {
		return nil, false
	}
	if c := m.GetCertificate(); c != nil {
		u.Material.Certificate = &usualCertificate{c.GetRawBytes()}
	}
	if k := m.GetPublicKey(); k != nil {
		u.Material.PublicKey = &usualKey{k.GetHint()}
	}
	if d := m.GetTimestampVerificationData(); d != nil {
		u.Material.Times = &usualTimes{}
		for _, t := range d.GetRfc3161Timestamps() {
			u.Material.Times.Tokens = append(u.Material.Times.Tokens, usualToken{t.GetSignedTimestamp()})
		}
	}
	return u, true
}

// text writes a whole usual bundle in our form.
func (u *usual) text() []byte {
	b := make([]byte, 0, 1024+2*len(u.Envelope.Payload))
	put := func(name string, content []byte) {
		b = append(b, name...)
		b = append(base64.StdEncoding.AppendEncode(append(b, '"'), content), '"')
	}
	put(`{"dsseEnvelope":{"payload":`, u.Envelope.Payload)
	b = append(b, `,"payloadType":"`+payloadType...)
	put(`","signatures":[{"sig":`, u.Envelope.Signatures[0].Sig)
	b = append(b, `}]},"mediaType":"`+mediaType+`","verificationMaterial":{`...)
	if c := u.Material.Certificate; c != nil {
		put(`"certificate":{"rawBytes":`, c.DER)
	} else {
		b = append(append(append(b, `"publicKey":{"hint":"`...), u.Material.PublicKey.Hint...), '"')
	}
	b = append(b, '}')
	if u.Material.Times != nil {
		next := `,"timestampVerificationData":{"rfc3161Timestamps":[{"signedTimestamp":`
		for _, t := range u.Material.Times.Tokens {
			put(next, t.DER)
			next = `},{"signedTimestamp":`
		}
		b = append(b, `}]}`...)
	}
	return append(b, `}}`...)
}
