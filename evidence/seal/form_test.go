package seal

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	protobundle "github.com/sigstore/protobuf-specs/gen/pb-go/bundle/v1"
	protocommon "github.com/sigstore/protobuf-specs/gen/pb-go/common/v1"
	protodsse "github.com/sigstore/protobuf-specs/gen/pb-go/dsse"
	protorekor "github.com/sigstore/protobuf-specs/gen/pb-go/rekor/v1"
	"google.golang.org/protobuf/proto"

	"github.com/trefoil-audit/trefoil/evidence/seal/sealtest"
)

// agree holds the straight way of reading against protojson's: what the one takes, the other reads in the same way.
func agree(t *testing.T, text []byte) (straight bool) {
	t.Helper()
	pb, ok := readUsual(text)
	if !ok {
		return false
	}
	other, err := readAny(text)
	if err != nil {
		t.Fatalf("taken, and protojson: %v: %s", err, text)
	}
	if !proto.Equal(pb, other) {
		t.Fatalf("protojson reads something else: %s", text)
	}
	return true
}

// usualSigned is a signature that everything usual stands in.
func usualSigned(t testing.TB) []byte {
	s := sealtest.New(t)
	k, _ := testKey(t)
	return signed(t, &Signer{Key: k, Services: Services{Authorities: []string{s.Authority, s.Authority}}}, file)
}

// A signature is written straight into its form where it is a usual one, else by protojson, and read in the same way:
// both ways give the same bytes, and neither takes what the other would not.
func TestForm(t *testing.T) {
	good := usualSigned(t)
	if !agree(t, good) {
		t.Error("a signature with times is not read straight")
	}
	k, _ := testKey(t)
	if !agree(t, mustSign(t, k, Run, file)) {
		t.Error("a signature by a key is not read straight")
	}
	for name, c := range map[string]struct {
		straight bool
		change   func(*protobundle.Bundle)
	}{
		"as it is": {true, func(*protobundle.Bundle) {}},
		"a certificate": {true, func(b *protobundle.Bundle) {
			b.VerificationMaterial.Content = &protobundle.VerificationMaterial_Certificate{Certificate: &protocommon.X509Certificate{RawBytes: []byte("der")}}
		}},
		"an empty certificate": {false, func(b *protobundle.Bundle) {
			b.VerificationMaterial.Content = &protobundle.VerificationMaterial_Certificate{Certificate: &protocommon.X509Certificate{}}
		}},
		"a chain": {false, func(b *protobundle.Bundle) {
			b.VerificationMaterial.Content = &protobundle.VerificationMaterial_X509CertificateChain{X509CertificateChain: &protocommon.X509CertificateChain{}}
		}},
		"no hint":          {false, func(b *protobundle.Bundle) { b.VerificationMaterial.GetPublicKey().Hint = "" }},
		"a hint to escape": {false, func(b *protobundle.Bundle) { b.VerificationMaterial.GetPublicKey().Hint = "\"<\u2028\x01" }},
		"no times":         {true, func(b *protobundle.Bundle) { b.VerificationMaterial.TimestampVerificationData = nil }},
		"an empty list":    {false, func(b *protobundle.Bundle) { b.VerificationMaterial.TimestampVerificationData.Rfc3161Timestamps = nil }},
		"an empty token": {false, func(b *protobundle.Bundle) {
			b.VerificationMaterial.TimestampVerificationData.Rfc3161Timestamps[0].SignedTimestamp = nil
		}},
		"an entry of a log": {false, func(b *protobundle.Bundle) {
			b.VerificationMaterial.TlogEntries = []*protorekor.TransparencyLogEntry{{LogIndex: 7}}
		}},
		"a key's name":       {false, func(b *protobundle.Bundle) { b.GetDsseEnvelope().Signatures[0].Keyid = "k" }},
		"an empty signature": {false, func(b *protobundle.Bundle) { b.GetDsseEnvelope().Signatures[0].Sig = nil }},
		"two signatures": {false, func(b *protobundle.Bundle) {
			e := b.GetDsseEnvelope()
			e.Signatures = append(e.Signatures, e.Signatures[0])
		}},
		"no signature":          {false, func(b *protobundle.Bundle) { b.GetDsseEnvelope().Signatures = nil }},
		"another type":          {false, func(b *protobundle.Bundle) { b.GetDsseEnvelope().PayloadType = "text/plain" }},
		"another version":       {false, func(b *protobundle.Bundle) { b.MediaType = "application/vnd.dev.sigstore.bundle+json;version=0.2" }},
		"no material":           {false, func(b *protobundle.Bundle) { b.VerificationMaterial = nil }},
		"no envelope":           {false, func(b *protobundle.Bundle) { b.Content = nil }},
		"a field of no version": {true, func(b *protobundle.Bundle) { b.ProtoReflect().SetUnknown([]byte{0x98, 0x06, 1}) }},
		"a message's signature": {false, func(b *protobundle.Bundle) { b.Content = &protobundle.Bundle_MessageSignature{} }},
		"an empty envelope": {false, func(b *protobundle.Bundle) {
			b.Content = &protobundle.Bundle_DsseEnvelope{DsseEnvelope: &protodsse.Envelope{}}
		}},
	} {
		pb, err := readAny(good)
		if err != nil {
			t.Fatal(err)
		}
		c.change(pb)
		text, err := write(pb)
		want, wantErr := writeAny(pb)
		if err != nil || wantErr != nil || !bytes.Equal(text, want) {
			t.Errorf("%s: written as %s (%v), want %s (%v)", name, text, err, want, wantErr)
		}
		if got := agree(t, text); got != c.straight {
			t.Errorf("%s: read straight: %v", name, got)
		}
	}
}

// Each field of a usual bundle's messages is one that usualOf looks at: one that a later version of the
// format adds would be left out of the file.
func TestFormFields(t *testing.T) {
	for m, want := range map[proto.Message]string{
		&protobundle.Bundle{}:                    "media_type verification_material message_signature dsse_envelope",
		&protobundle.VerificationMaterial{}:      "public_key x509_certificate_chain certificate tlog_entries timestamp_verification_data",
		&protobundle.TimestampVerificationData{}: "rfc3161_timestamps",
		&protocommon.RFC3161SignedTimestamp{}:    "signed_timestamp",
		&protocommon.X509Certificate{}:           "raw_bytes",
		&protocommon.PublicKeyIdentifier{}:       "hint",
		&protodsse.Envelope{}:                    "payload payloadType signatures",
		&protodsse.Signature{}:                   "sig keyid",
	} {
		var got []string
		fields := m.ProtoReflect().Descriptor().Fields()
		for i := range fields.Len() {
			got = append(got, string(fields.Get(i).Name()))
		}
		want := strings.Fields(want)
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%T has fields %q, want %q", m, got, want)
		}
	}
}

// No byte can be changed, cut or added so that the two ways of reading differ.
func FuzzForm(f *testing.F) {
	good := usualSigned(f)
	f.Add(good)
	for _, other := range []string{` `, `"a":null,`, `"keyid":"",`, `"tlogEntries":[],`} {
		for i := range good {
			if good[i] == '{' || good[i] == '"' {
				f.Add(append(append(bytes.Clone(good[:i+1]), other...), good[i+1:]...))
			}
		}
	}
	for i := range good {
		changed := bytes.Clone(good)
		changed[i] ^= 1
		f.Add(changed)
		f.Add(append(bytes.Clone(good[:i]), good[i+1:]...))
	}
	f.Fuzz(func(t *testing.T, text []byte) { agree(t, text) })
}
