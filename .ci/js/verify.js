// verify.js SIGNATURE FILE PREDICATE_TYPE ANCHORS: checks with @sigstore/verify, which we did not write, that the signature is
// good, by the anchors, and that its statement is of that type and about that file. ANCHORS is JSON: root (path), key (path),
// san, issuer, and the numbers timestamps, log, scts.
import { createHash, createPublicKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { bundleFromJSON } from '@sigstore/bundle';
import { TrustedRoot } from '@sigstore/protobuf-specs';
import { Verifier, toSignedEntity, toTrustMaterial } from '@sigstore/verify';

const [signature, file, type, anchors] = process.argv.slice(2);
const a = JSON.parse(anchors);
const key = a.key && { publicKey: createPublicKey(readFileSync(a.key)), validFor: () => true };
const root = TrustedRoot.fromJSON(JSON.parse(readFileSync(a.root, 'utf8')));
const verifier = new Verifier(toTrustMaterial(root, key && (() => key)),
  { tsaThreshold: a.timestamps ?? 0, tlogThreshold: a.log ?? 0, ctlogThreshold: a.scts ?? 0 });
const bundle = bundleFromJSON(JSON.parse(readFileSync(signature, 'utf8')));
const policy = a.san && { subjectAlternativeName: a.san, extensions: { issuer: a.issuer } };
verifier.verify(toSignedEntity(bundle), policy);
const statement = JSON.parse(bundle.content.dsseEnvelope.payload.toString());
const digest = createHash('sha256').update(readFileSync(file)).digest('hex');
if (statement.predicateType !== type || !statement.subject.some((s) => s.digest.sha256 === digest)) {
  throw new Error(`it is about ${JSON.stringify(statement.subject)}, as ${statement.predicateType}`);
}
console.log('verified', file);
