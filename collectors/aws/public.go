package aws

import (
	"slices"
	"strconv"
	"strings"
)

// reach is who a resource policy lets in from outside the resource's own account. It is a
// reading of Allow statements alone: a Deny can only narrow it.
type reach struct {
	public   []string // statements that let anyone in
	unclear  []string // statements that let anyone in under a condition that we cannot read
	doubtful []string // of the public ones, those that S3 itself may not call public: no block binds them for sure
	accounts []string // principals, accounts and organisations outside
}

// limiting are condition keys that tie a request to an identity or network when a positive
// operator demands them. See "AWS global condition context keys".
var limiting = []string{"aws:sourcevpce", "aws:sourcevpc", "aws:principalorgid", "aws:principalorgpaths", "aws:principalaccount",
	"aws:principalarn", "aws:sourceaccount", "aws:sourcearn", "aws:sourceorgid", "aws:sourceowner", "aws:userid",
	"s3:dataaccesspointaccount", "s3:dataaccesspointarn", "kms:calleraccount"}

// harmless are condition keys that do not say who asks: with them alone, anyone may. A key of KMS that
// uploads must use is not among them: whoever may not use it cannot upload, and S3 does not call that public.
var harmless = []string{"aws:securetransport", "s3:x-amz-acl", "s3:x-amz-server-side-encryption", "s3:tlsversion", "s3:prefix", "s3:delimiter",
	"aws:requestedregion", "kms:viaservice"}

// reachIn reads who a policy's text lets in.
func reachIn(text, account string) (reach, error) {
	doc, err := parsePolicy(text)
	if err != nil {
		return reach{}, err
	}
	return reachOf(doc, account)
}

// with adds what another policy of the same thing lets in.
func (r reach) with(o reach) reach {
	return reach{public: append(r.public, o.public...), unclear: append(r.unclear, o.unclear...), doubtful: append(r.doubtful, o.doubtful...), accounts: append(r.accounts, o.accounts...)}
}

// reachOf reads who a policy of a resource in account (12 digits) lets in.
func reachOf(doc policyDocument, account string) (reach, error) {
	var r reach
	for i, st := range doc.Statement {
		if st.Effect != "Allow" {
			continue
		}
		name := statementName(st, i)
		if len(st.NotPrincipal) > 0 { // everyone but a few
			l := st.limits("", account)
			if r.public = append(r.public, name); l.limited || l.unclear || l.doubtful { // S3 may not call it public: no block binds it for sure
				r.doubtful, r.accounts = append(r.doubtful, name), append(r.accounts, l.who...)
			}
			continue
		}
		who, err := principals(st.Principal)
		if err != nil {
			return r, err
		}
		if len(who) == 0 { // no service takes a statement that lets nobody in: it says something that we do not read
			r.unclear = append(r.unclear, name)
		}
		for _, p := range who {
			r.add(p, st, name, account)
		}
	}
	slices.Sort(r.accounts)
	r.accounts = slices.Compact(r.accounts)
	return r, nil
}

func statementName(st statement, i int) string {
	if st.Sid != "" {
		return st.Sid
	}
	return "statement " + strconv.Itoa(i)
}

func (r *reach) add(p string, st statement, name, account string) {
	switch {
	case strings.HasPrefix(p, "Service:"):
		r.service(p, st, name, account)
	case p == "*":
		r.everyone(st, name, account)
	case strings.HasPrefix(p, "Federated:"), strings.HasPrefix(p, "CanonicalUser:"):
		r.accounts = append(r.accounts, p)
	default:
		if owner := accountOf(p); owner != account {
			r.accounts = append(r.accounts, "aws:"+owner)
		}
	}
}

// service reads a statement for a service of the provider, which acts for its customers: conditions decide for
// which. Where none does, any customer may have it read for them (see "The confused deputy problem" in the IAM user
// guide); that it writes what they send shows them nothing.
func (r *reach) service(p string, st statement, name, account string) {
	named, _, _ := strings.Cut(strings.TrimPrefix(p, "Service:"), ".")
	l := st.limits(named, account)
	for _, who := range l.who {
		if !st.takesOnly() || !strings.Contains(who, "=") { // for whom it puts something there, unless it says a stranger, is no matter
			r.accounts = append(r.accounts, who)
		}
	}
	if strings.Contains(p, "*") || // whichever service
		p == "Service:cloudfront.amazonaws.com" || // it shows to the world what its distributions say, which are not read
		!l.limited && !st.takesOnly() {
		r.unclear = append(r.unclear, name)
	}
}

// takers are actions that give nothing of what is kept to whoever asks: they put something there, or are what a
// service asks before it does, as how a key is set up.
var takers = []string{"s3:putobject", "s3:getbucketacl", "s3:getbucketlocation", "logs:putlogevents", "logs:createlogstream", "logs:createloggroup",
	"logs:putlogeventsbatch", "sqs:sendmessage", "sns:publish", "kms:encrypt", "kms:generatedatakey", "kms:generatedatakey*", "kms:generatedatakeywithoutplaintext", "kms:describe*", "kms:describekey", "kms:get*", "kms:list*"}

// takesOnly reports whether a statement's actions are all takers.
func (st statement) takesOnly() bool {
	return len(st.Action) > 0 && len(st.NotAction) == 0 && !slices.ContainsFunc(st.Action, func(a string) bool { return !slices.Contains(takers, strings.ToLower(a)) })
}

// limits is what the conditions of a statement say of who may ask.
type limits struct {
	limited  bool     // they tie it to identities or networks
	who      []string // whose those are, if outside; a value that names nobody's account stands with its key
	unclear  bool     // there is a condition that we cannot read
	doubtful bool     // an operator lets in whoever lacks the key; S3 may see the fixed value alone
}

// limits reads the conditions of a statement about a thing in account. Service is the first part of the name of the service
// that it lets in, if it is one: those that encrypt say in the context of a key for whose thing.
func (st statement) limits(service, account string) limits {
	limited, unclear, says, doubtful := false, false, false, false
	var who, unnamed []string
	for operator, keys := range st.Condition {
		for key, values := range keys {
			key = strings.ToLower(key)
			if service != "" && key == "kms:encryptioncontext:aws:"+service+":arn" {
				key = "aws:sourcearn"
			}
			op := operatorOf(operator)
			demands := !op.whereAbsent() || st.wants(key)
			switch {
			case slices.Contains(limiting, key) && demands && slices.Contains(positive, op.name) && !slices.Contains(values, "*"),
				key == "aws:sourceip" && demands && op.name == "ipaddress" && !slices.Contains(values, "0.0.0.0/0") && !slices.Contains(values, "::/0"):
				limited = true
				if names, ok := named(key, values, account, op.name == "stringlike"); ok {
					who = append(who, names...)
					says = true
				} else {
					unnamed = append(unnamed, names...)
				}
			case slices.Contains(harmless, key):
			case slices.Contains(limiting, key), key == "aws:sourceip":
				doubtful = true
			default:
				unclear = true
			}
		}
	}
	if !says { // tied to a network or an identity, and nothing says whose it is
		who = unnamed
	}
	return limits{limited, who, unclear, doubtful}
}

// everyone reads a statement for principal "*": its conditions decide who that is.
func (r *reach) everyone(st statement, name, account string) {
	switch l := st.limits("", account); {
	case l.limited:
		r.accounts = append(r.accounts, l.who...)
	case l.unclear:
		r.unclear = append(r.unclear, name)
	default:
		r.public = append(r.public, name)
		if l.doubtful {
			r.doubtful = append(r.doubtful, name)
		}
	}
}

// blocked is what a block of public access leaves (RestrictPublicBuckets). It binds what S3 calls public,
// and no service of the provider: what is unclear stays so. See "The meaning of 'public'" in the S3 user guide.
func (r reach) blocked() reach {
	r.public, r.unclear, r.doubtful = nil, slices.Concat(r.unclear, r.doubtful), nil
	return r
}

// named lists the organisations and accounts outside that a limiting condition names. A value that
// says nobody's account, as one of a network, is given with its key, which no register can look up;
// ok is then false. Loose says that wildcards reach beyond the parts of an ARN: that of a principal says its account
// only if none comes before, since paths may hold what looks like it.
func named(key string, values []anyText, account string, loose bool) (who []string, ok bool) {
	ok = true
	for _, v := range values {
		owner := string(v)
		switch key {
		case "aws:principalorgid", "aws:sourceorgid":
			who = append(who, "aws:"+owner)
			continue
		case "aws:principalorgpaths":
			org, _, _ := strings.Cut(owner, "/")
			who = append(who, "aws:"+org)
			continue
		case "aws:principalaccount", "aws:sourceaccount", "kms:calleraccount", "aws:principalarn", "aws:sourcearn", "aws:sourceowner", "s3:dataaccesspointaccount", "s3:dataaccesspointarn":
			if parts := strings.SplitN(owner, ":", 6); loose && key == "aws:principalarn" && len(parts) == 6 && strings.ContainsAny(strings.Join(parts[:5], ":"), "*?") {
				break
			}
			owner = accountOf(owner)
		}
		switch {
		case owner == account:
		case len(owner) == 12 && strings.Trim(owner, "0123456789") == "":
			who = append(who, "aws:"+owner)
		default:
			who, ok = append(who, key+"="+string(v)), false
		}
	}
	return who, ok
}

// positive operators match what is among their values.
var positive = []string{"stringequals", "stringlike", "stringequalsignorecase", "arnequals", "arnlike"}

// accountOf gives the 12-digit account of an ARN or account id; other principals (unique ids
// of deleted users) stay as they are, and so belong to nobody we know.
func accountOf(p string) string {
	if parts := strings.Split(p, ":"); len(parts) >= 6 && parts[0] == "arn" {
		return parts[4]
	}
	return p
}
