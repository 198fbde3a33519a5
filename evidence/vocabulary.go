package evidence

// Base is the type of a field's value.
type Base string

// The base types. A list is written with Field.List.
const (
	String Base = "string"
	Bool   Base = "bool"
	Int    Base = "int"
	Time   Base = "time"  // RFC 3339, UTC
	Place  Base = "place" // a provider's own place token; compared by within() only
	Record Base = "record"
)

// Field describes one field of a facet, of a kind's attrs, or of a record in a list.
type Field struct {
	Name    string   `json:"name"`
	Type    Base     `json:"type"`
	List    bool     `json:"list,omitzero"`
	Enum    []string `json:"enum,omitzero"`    // other values stay as they came and are unknown to tests
	Fields  []Field  `json:"fields,omitzero"`  // of a record
	Derived bool     `json:"derived,omitzero"` // set by a derivation; Emit refuses it
	Join    bool     `json:"join,omitzero"`    // may be left out by the collector: a derivation then sets it
	Doc     string   `json:"doc,omitempty"`
}

func str(name, doc string) Field  { return Field{Name: name, Type: String, Doc: doc} }
func strs(name, doc string) Field { return Field{Name: name, Type: String, List: true, Doc: doc} }
func flag(name, doc string) Field { return Field{Name: name, Type: Bool, Doc: doc} }
func num(name, doc string) Field  { return Field{Name: name, Type: Int, Doc: doc} }
func at(name, doc string) Field   { return Field{Name: name, Type: Time, Doc: doc} }
func enum(name, doc string, vs ...string) Field {
	return Field{Name: name, Type: String, Enum: vs, Doc: doc}
}
func rec(name, doc string, fs ...Field) Field {
	return Field{Name: name, Type: Record, Fields: fs, Doc: doc}
}
func recs(name, doc string, fs ...Field) Field {
	return Field{Name: name, Type: Record, List: true, Fields: fs, Doc: doc}
}

// Facets is the shared vocabulary: each facet means the same for every provider. It returns a
// fresh slice, sorted by name.
func Facets() []Field {
	return []Field{
		rec("account", "an account, project, folder, organisation or site",
			strs("parents", "ids from the direct parent to the root"),
			enum("state", "life-cycle state", "active", "suspended", "closing", "closed"),
			strs("features", "organisation features that are switched on")),
		rec("binding", "one statement of one policy",
			enum("effect", "what the statement does", "allow", "deny"),
			strs("principals", "as written"),
			strs("permissions", "as written"),
			strs("resources", "as written"),
			strs("negated", "which of principal, permission, resource are written as Not…"),
			str("condition", "as written, canonical JSON; none where unconditional"),
			strs("condition_keys", "condition keys that the statement names, lower case, sorted"),
			str("via", "policy id"),
			enum("via_kind", "kind of policy", "inline", "managed", "resource", "trust", "scp", "iam_policy", "key"),
			strs("attached_to", "ids that the policy is attached to")),
		recs("copies", "where this thing is copied to",
			enum("how", "way of copying", "replica", "backup", "snapshot", "image", "export", "stream", "log", "index", "cache", "share"),
			str("to", "id of the destination, may lie outside the run"),
			flag("active", "the copying is switched on"),
			str("owner", "account that owns the destination; none where the answer does not say"),
			Field{Name: "located", Type: Place, List: true, Join: true, Doc: "where the destination lies"}),
		rec("document", "attested evidence",
			str("kind", "what it is"), str("digest", "sha256"), str("author", "who signed"),
			at("valid_from", "start"), at("valid_until", "end"), flag("signed", "a signature was checked")),
		rec("encryption", "how data is encrypted",
			Field{Name: "at_rest", Type: String, Join: true, Enum: []string{"none", "provider_key", "customer_key", "external_key"}, Doc: "whose key; left to the join where the answer names a key and not who manages it"},
			str("key", "id of the key; none where the provider names none"),
			enum("in_transit", "is plain text refused", "enforced", "optional", "none")),
		rec("exposure", "who outside can reach it",
			flag("public", "anyone can"),
			strs("public_how", "by which setting"),
			strs("shared_with", "principals, accounts, organisations outside its own account"),
			enum("network", "reachable from", "open", "private", "endpoint_only")),
		rec("flow", "a continuous movement of data",
			str("from", "id"), str("to", "id"), str("what", "what moves"), str("through", "link or gateway"), flag("active", "switched on")),
		rec("gateway", "a security gateway of the register",
			str("operator", "who runs it"), strs("accepts", "principals"), strs("reaches", "stores"), flag("records", "sessions are recorded")),
		rec("guardrail", "an organisation rule that prevents",
			enum("kind", "kind of rule", "scp", "rcp", "boundary", "org_policy", "perimeter"),
			strs("attached_to", "ids"),
			enum("effect", "what it does with the places it names", "allow_only", "deny", "other"),
			Field{Name: "locations", Type: Place, List: true, Doc: "places that stay allowed (allow_only) or are denied"},
			strs("exempt", "actions or principals the rule does not bind, as written")),
		rec("key", "an encryption key",
			enum("origin", "where the material comes from", "provider", "imported", "hsm", "external"),
			str("custodian", "who keeps it"),
			enum("state", "life-cycle state", "enabled", "disabled", "pending_deletion", "pending_import", "destroyed", "unavailable"),
			num("rotation_days", "days between rotations; none = never"),
			flag("multi_region", "material exists in several regions"),
			at("deletes_at", "planned destruction; none = not planned")),
		{Name: "located", Type: Place, List: true, Doc: "place tokens of the provider"},
		rec("log", "an audit log",
			strs("accounts", "accounts covered; * for the whole organisation"),
			strs("regions", "regions covered; * for all"),
			flag("management", "management events"), flag("data_read", "reads of data"), flag("data_write", "writes of data"),
			str("to", "id of the store it is delivered to"),
			flag("validated", "the provider signs its files"), flag("enabled", "it is recording"),
			strs("alarms", "alarm ids")),
		{Name: "origin", Type: String, Doc: "id of what this is a copy of"},
		rec("person", "someone on the roster",
			str("employer", "legal entity"), Field{Name: "country", Type: Place, Doc: "ISO 3166-1 alpha-2, as country:XX"},
			str("team", "team"), strs("principals", "ids of principals they use")),
		rec("principal", "who can act",
			enum("type", "type", "human", "workload", "service", "federated", "group", "role", "public"),
			str("idp", "identity provider; none where it is not federated"),
			recs("credentials", "long-lived credentials",
				str("kind", "password, access_key, certificate, …"), str("id", "identifier, never the secret"), flag("active", "usable"),
				at("created", "created or last rotated"), at("last_used", "none = never used")),
			flag("mfa", "a second factor is registered"),
			strs("trusted_by", "principals that may assume it, as written")),
		rec("protection", "against change and loss",
			flag("versioned", "old versions are kept"),
			rec("lock", "write-once retention; none where there is none",
				enum("mode", "who may lift it", "compliance", "governance"), num("days", "days"), at("until", "instant")),
			flag("delete_protected", "deletion is refused"),
			num("recoverable_days", "days in which a deletion can be undone")),
		rec("store", "anything that can hold user data",
			enum("class", "class", "object", "block", "file", "table", "relational", "warehouse", "cache", "search", "queue", "stream", "log", "secret", "registry", "backup"),
			str("engine", "product or engine")),
	}
}
