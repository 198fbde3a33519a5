package controls

import "github.com/trefoil-audit/trefoil/evidence"

// Kinds that derivations emit; no bundle holds them.
var (
	kindRow = &evidence.Kind{Name: "trefoil.coverage.row", Schema: 1, Derived: true,
		Doc: "one operation in one region of one target, and how asking ended", NotApplicable: map[string]string{"/tags": "rows have no labels"},
		Attrs: []evidence.Field{
			{Name: "status", Type: evidence.String, Enum: []string{"ok", "empty", "denied", "throttled", "disabled", "not_enabled", "unsupported", "error", "not_attempted"}, Doc: "the worst of its calls"},
			{Name: "operation", Type: evidence.String, Doc: "service:Operation"},
			{Name: "list", Type: evidence.Bool, Doc: "it enumerates a population"},
			{Name: "asked", Type: evidence.Bool, Doc: "false: planned, never asked, and no reason is given"},
			{Name: "answered", Type: evidence.Bool, Doc: "a genuine answer came, or the account's own list shows that there was nothing to ask; else unknown"},
			{Name: "reason", Type: evidence.String, Doc: "the provider's error code or our class; none where it was answered"},
		}}
	kindCollection = &evidence.Kind{Name: "trefoil.collection", Schema: 1, Derived: true,
		Doc: "the collection of one target", NotApplicable: map[string]string{"/tags": "a collection has no labels"},
		Attrs: []evidence.Field{
			{Name: "first", Type: evidence.Time, Doc: "start of the first exchange"},
			{Name: "last", Type: evidence.Time, Doc: "end of the last exchange"},
			{Name: "spread_minutes", Type: evidence.Int, Doc: "from the run's as_of to the last exchange, rounded up"},
			{Name: "age_days", Type: evidence.Int, Doc: "days from the first exchange to the judgement; one that has begun counts"},
			{Name: "early", Type: evidence.Bool, Doc: "an exchange lies before the run's as_of"},
		}}
	kindLegacy = &evidence.Kind{Name: "trefoil.legacy", Schema: 1, Derived: true,
		Doc: "one row of the register's legacy copies, held against what was seen", NotApplicable: map[string]string{"/tags": "rows have no labels"},
		Attrs: []evidence.Field{
			{Name: "state", Type: evidence.String, Enum: []string{"pending", "copied", "verified", "deleted", "exempt"}, Doc: "as the programme says"},
			{Name: "overdue", Type: evidence.Bool, Doc: "its deadline has passed"},
			{Name: "found", Type: evidence.Bool, Doc: "the store itself was seen; unknown where its owner's lists were not whole, or where something is named almost so"},
			{Name: "remains", Type: evidence.String, List: true, Doc: "copies of it that were seen: replicas, snapshots, backups"},
		}}
	kindGuardrail = &evidence.Kind{Name: "trefoil.guardrail", Schema: 1, Derived: true,
		Doc: "what the location guardrails of an organisation mean for one account", NotApplicable: map[string]string{"/tags": "a derived statement has no labels"},
		Attrs: []evidence.Field{
			{Name: "management", Type: evidence.Bool, Doc: "it is the management account, which no guardrail binds"},
			{Name: "guarded", Type: evidence.Bool, Doc: "a rule on its path allows some places only"},
			{Name: "locations", Type: evidence.Place, List: true, Doc: "places that all such rules leave allowed"},
			{Name: "exempt", Type: evidence.String, List: true, Doc: "actions and principals that the rules do not bind, as written"},
		}}
)

var kindAuditLog = &evidence.Kind{Name: "trefoil.audit_log", Schema: 1, Derived: true,
	Doc: "whether the administration of one AWS account, or Google project, is recorded everywhere in it", NotApplicable: map[string]string{"/tags": "a derived statement has no labels"},
	Attrs: []evidence.Field{
		{Name: "covered", Type: evidence.Bool, Doc: "AWS: a trail that covers it is on, takes all regions, all management events and global services, signs its files, and has delivered, the last time without an error and within a day of the run. Google: a sink above it that takes what lies below is on and takes the activity log"},
		{Name: "logs", Type: evidence.String, List: true, Doc: "trails or sinks that cover it, whole or in part"},
		{Name: "lacks", Type: evidence.String, List: true, Doc: "what was seen to keep each of them from recording all of it, or that there is none; none where one does"},
	}}

var (
	kindCollectorAccess = &evidence.Kind{Name: "trefoil.collector", Schema: 1, Derived: true,
		Doc: "who may become the identity that collected in one account or project", NotApplicable: map[string]string{"/tags": "a derived statement has no labels"},
		Attrs: []evidence.Field{
			{Name: "role", Type: evidence.String, Doc: "AWS: the role it used; none where it used a user. Google: the account, as policies name it"},
			{Name: "assumable_by", Type: evidence.String, List: true, Doc: "AWS: principals that the role's trust policy lets in, as written. Google: the account, and whoever else its own project or directory lets in"},
			{Name: "strangers", Type: evidence.String, List: true, Doc: "those of them whom the engagement does not name as the auditor's"},
		}}
	kindLogRoute = &evidence.Kind{Name: "trefoil.log_route", Schema: 1, Derived: true,
		Doc: "where one Google sink, or one trail of AWS, that is on hands entries to", NotApplicable: map[string]string{"/tags": "a derived statement has no labels"},
		Attrs: []evidence.Field{
			{Name: "sink", Type: evidence.String, Doc: "the sink or trail"},
			{Name: "to", Type: evidence.String, Doc: "its destination"},
			{Name: "located", Type: evidence.Place, List: true, Doc: "where the destination lies"},
			{Name: "owner", Type: evidence.String, Doc: "account or project that owns the destination"},
		}}
	kindLogStore = &evidence.Kind{Name: "trefoil.log_store", Schema: 1, Derived: true,
		Doc: "a store that records of administration are delivered to", NotApplicable: map[string]string{"/tags": "a derived statement has no labels"},
		Attrs: []evidence.Field{
			{Name: "logs", Type: evidence.String, List: true, Doc: "trails or sinks that deliver there"},
			{Name: "owner", Type: evidence.String, Doc: "target that the store lies in"},
			{Name: "lock_mode", Type: evidence.String, Doc: "compliance: nobody can shorten it; none = not locked"},
			{Name: "lock_days", Type: evidence.Int, Doc: "how long an object stays locked; 0 = not locked"},
			{Name: "own_account", Type: evidence.Bool, Doc: "a trail or sink that delivers there is of the same account"},
			{Name: "beside", Type: evidence.String, List: true, Doc: "the first few stores of the same account that are in scope and keep no logs"},
		}}
)

var (
	kindGateway = &evidence.Kind{Name: "trefoil.gateway", Schema: 1, Derived: true, Facets: []string{"gateway", "located"},
		Doc: "a security gateway, as the register says", NotApplicable: map[string]string{"/tags": "the register gives no labels"}}
	kindHuman = &evidence.Kind{Name: "trefoil.human", Schema: 1, Derived: true,
		Doc: "a user of an AWS account, its root user included, held against the roster", NotApplicable: map[string]string{"/tags": "a derived statement has no labels"},
		Attrs: []evidence.Field{
			{Name: "principal", Type: evidence.String, Doc: "the user"},
			{Name: "usable", Type: evidence.Bool, Doc: "it has a credential that can be used"},
			{Name: "holders", Type: evidence.String, List: true, Doc: "people of the roster who hold it"},
		}}
	kindPerson = &evidence.Kind{Name: "trefoil.person", Schema: 1, Derived: true, Facets: []string{"located", "person"},
		Doc: "a person, as the roster says", NotApplicable: map[string]string{"/tags": "the roster gives no labels"},
		Attrs: []evidence.Field{{Name: "seen", Type: evidence.String, List: true, Doc: "principals of theirs that the run shows"}}}
)

// Kinds lists the kinds that derivations emit, by name.
func Kinds() []*evidence.Kind {
	return []*evidence.Kind{kindAuditLog, kindCollection, kindCollectorAccess, kindRow, kindGateway, kindGuardrail, kindHuman, kindLegacy, kindLogRoute, kindLogStore, kindPerson}
}
