package gcp

import (
	"context"
	"net/netip"
	"strconv"
	"strings"

	"google.golang.org/api/cloudasset/v1"
	sqladmin "google.golang.org/api/sqladmin/v1"

	"github.com/trefoil-audit/trefoil/collectors"
	"github.com/trefoil-audit/trefoil/evidence"
)

// instances says of each Cloud SQL instance where it lies, what it replicates to, where its
// backups are and how it is reached.
type instances struct{ access *Access }

func (c *instances) Info() collectors.Info {
	return collectors.Info{Name: "gcp/sql", Provider: "gcp", Runs: collectors.Account, Kinds: []*evidence.Kind{kindSQL, kindSQLBackup},
		Operations: []collectors.Operation{
			lists(scrubbed(bare("sql:instances.list", "cloudsql.instances.list"), "rootPassword", "password", "clientKey"), kindSQL),
			under(lists(bare("sql:backupRuns.list", "cloudsql.backupRuns.list"), kindSQLBackup), "sql:instances.list"),
			lists(scrubbed(bare(backupsOperation, "cloudsql.backupRuns.list"), "rootPassword", "password", "clientKey"), kindSQLBackup),
		}}
}

func (c *instances) Collect(ctx context.Context, s *collectors.Session) error {
	service, err := sqladmin.NewService(ctx, c.access.options(s, collectors.Global, "sql")...)
	if err != nil {
		return err
	}
	project := s.Target().Account
	shown := runs{}
	l := list(ctx, s, collectors.Global, "sql:instances.list", kindSQL, func(ctx context.Context, token string) (page[*sqladmin.DatabaseInstance], error) {
		r, err := service.Instances.List(project).MaxResults(500).PageToken(token).Context(ctx).Do()
		if err != nil {
			return page[*sqladmin.DatabaseInstance]{}, err
		}
		return page[*sqladmin.DatabaseInstance]{items: r.Items, next: r.NextPageToken, missing: warned(r.Warnings)}, nil
	}, func(i *sqladmin.DatabaseInstance, from []string) {
		s.Emit(kindSQL, instanceFact(project, i, evidence.RowID(s.Target().ID, collectors.Global, "sql:instances.list")).Because(from...))
		if i.InstanceType != "READ_REPLICA_INSTANCE" && i.InstanceType != "ON_PREMISES_INSTANCE" { // those have no backups of their own
			c.backups(ctx, s, service, i, shown, from)
		}
	})
	c.access.vouch(s, l, assetSQL, anyAsset)
	c.retained(ctx, s, service, shown)
	return nil
}

func (c *instances) backups(ctx context.Context, s *collectors.Session, service *sqladmin.Service, i *sqladmin.DatabaseInstance, shown runs, from []string) {
	project := s.Target().Account
	l := list(ctx, s, collectors.Global, "sql:backupRuns.list", kindSQLBackup, func(ctx context.Context, token string) (page[*sqladmin.BackupRun], error) {
		r, err := service.BackupRuns.List(project, i.Name).MaxResults(500).PageToken(token).Context(ctx).Do()
		if err != nil {
			return page[*sqladmin.BackupRun]{}, err
		}
		return page[*sqladmin.BackupRun]{items: r.Items, next: r.NextPageToken}, nil
	}, func(b *sqladmin.BackupRun, listed []string) {
		f := backupFact(instanceID(project, i.Name), b, evidence.RowID(s.Target().ID, collectors.Global, "sql:backupRuns.list"))
		if shown[f.ID] = b.Status != "DELETED" && b.Status != "SKIPPED"; !shown[f.ID] {
			return // no backup exists
		}
		s.Emit(kindSQLBackup, f.Because(listed...).Because(from...))
	})
	c.access.vouch(s, l, assetBackup, func(a *cloudasset.Asset) bool {
		return strings.HasPrefix(byProjectID(project, a), instanceID(project, i.Name)+"/")
	})
}

func instanceID(project, name string) string {
	return "//cloudsql.googleapis.com/projects/" + project + "/instances/" + name
}

// instanceFact makes the fact of an instance; row is that of the list.
func instanceFact(project string, i *sqladmin.DatabaseInstance, row string) *evidence.Fact {
	f := evidence.NewFact(kindSQL, instanceID(project, i.Name), i.Name)
	f.Region = place(i.Region)
	f.Set("/store/class", "relational").Set("/store/engine", i.DatabaseVersion).Set("/located", []string{place(i.Region)})
	setMaster(f, project, i.MasterInstanceName)
	setSettings(f, project, i, row)
	if e := i.DiskEncryptionConfiguration; e != nil && e.KmsKeyName != "" {
		f.Set("/encryption/at_rest", "customer_key").Set("/encryption/key", keyID(e.KmsKeyName))
	} else {
		f.Set("/encryption/at_rest", "provider_key").None(kindSQL, "/encryption/key")
	}
	setText(f, kindSQL, "/attrs/type", i.InstanceType)
	setText(f, kindSQL, "/attrs/state", i.State)
	return f
}

// setSettings says what an instance's settings say. An answer without them says nothing of backups,
// labels or networks.
func setSettings(f *evidence.Fact, project string, i *sqladmin.DatabaseInstance, row string) {
	settings := i.Settings
	if settings == nil {
		setConnection(f, nil, row)
		f.Unknown(row, "/tags", "/copies", "/protection/recoverable_days", "/protection/delete_protected", "/attrs/backup_count", "/attrs/availability")
		return
	}
	f.SetTags(settings.UserLabels)
	setInstanceCopies(f, project, i, settings.BackupConfiguration, row)
	setConnection(f, settings.IpConfiguration, row)
	f.Set("/protection/delete_protected", settings.DeletionProtectionEnabled)
	setText(f, kindSQL, "/attrs/availability", settings.AvailabilityType)
}

// setMaster says what an instance replicates: project:instance, or an instance of its project.
func setMaster(f *evidence.Fact, project, master string) {
	if master == "" {
		f.None(kindSQL, "/origin")
		return
	}
	if at := strings.LastIndexByte(master, ':'); at >= 0 {
		project, master = master[:at], master[at+1:]
	}
	f.Set("/origin", instanceID(project, master))
}

// inVault is the tier of backups that Backup and DR keeps in a vault of its own.
const inVault = "ENHANCED"

// setInstanceCopies says to which replicas an instance is copied and where its backups are kept. Without
// a place of its own a backup goes to a multi-region that the answer does not name; one in a vault
// lies where another service says. Settings without a
// configuration of backups say nothing of them, as against one that is not enabled.
func setInstanceCopies(f *evidence.Fact, project string, i *sqladmin.DatabaseInstance, b *sqladmin.BackupConfiguration, row string) {
	copies := []map[string]any{}
	for _, name := range i.ReplicaNames {
		copies = append(copies, map[string]any{"how": "replica", "to": instanceID(project, name), "active": true, "owner": projectID(project)})
	}
	switch {
	case b == nil || b.BackupTier == inVault:
		f.Set("/copies", copies).Unknown(row, "/copies/-")
	case !b.Enabled:
		f.Set("/copies", copies)
	default:
		backup := map[string]any{"how": "backup", "to": instanceID(project, i.Name) + "/backupRuns", "active": true, "owner": projectID(project)}
		if b.Location != "" {
			backup["located"] = []any{place(b.Location)}
		}
		f.Set("/copies", append(copies, backup))
	}
	setKept(f, b, row)
}

// setKept says how many backups are kept, and for how many days a change can be undone: one backup a day,
// unless logs of transactions are kept.
func setKept(f *evidence.Fact, b *sqladmin.BackupConfiguration, row string) {
	const count, recoverable = "/attrs/backup_count", "/protection/recoverable_days"
	switch {
	case b == nil || b.BackupTier == inVault:
		f.Unknown(row, count, recoverable)
		return
	case !b.Enabled:
		f.Set(count, 0).None(kindSQL, recoverable)
		return
	}
	r := b.BackupRetentionSettings
	known := r != nil && r.RetainedBackups > 0 && r.RetentionUnit != "RETENTION_UNIT_UNSPECIFIED"
	if known {
		f.Set(count, int(r.RetainedBackups))
	} else {
		f.Unknown(row, count)
	}
	switch logs := b.PointInTimeRecoveryEnabled || b.BinaryLogEnabled; {
	case logs && b.TransactionLogRetentionDays > 0:
		f.Set(recoverable, int(b.TransactionLogRetentionDays))
	case !logs && known:
		f.Set(recoverable, int(r.RetainedBackups))
	default:
		f.Unknown(row, recoverable)
	}
}

// widestPrivate is the shortest prefix that one organisation could own: a network that is wider
// is everyone.
const widestPrivate = 8

// setNetworks says which networks are let in and whether everyone is. A network of a form that is
// not known may be everyone.
func setNetworks(f *evidence.Fact, ip *sqladmin.IpConfiguration, row string) {
	var networks, how []string
	unclear := false
	for _, n := range ip.AuthorizedNetworks {
		if n == nil {
			unclear = true
			continue
		}
		networks = append(networks, n.Value)
		bits, ok := prefixBits(n.Value)
		switch {
		case !ok:
			unclear = true
		case bits < widestPrivate && ip.Ipv4Enabled:
			how = append(how, "authorized network "+n.Value)
		}
	}
	if unclear && ip.Ipv4Enabled && len(how) == 0 {
		f.Unknown(row, "/exposure/public", "/exposure/public_how")
	} else {
		f.Set("/exposure/public", len(how) > 0).Set("/exposure/public_how", sorted(how))
	}
	f.Set("/attrs/networks", sorted(networks)).Set("/attrs/public_ip", ip.Ipv4Enabled)
}

// prefixBits reads an authorised network: a CIDR prefix, or one address.
func prefixBits(network string) (int, bool) {
	if p, err := netip.ParsePrefix(network); err == nil {
		return p.Bits(), true
	}
	a, err := netip.ParseAddr(network)
	return a.BitLen(), err == nil
}

// setConnection says how an instance is reached.
func setConnection(f *evidence.Fact, ip *sqladmin.IpConfiguration, row string) {
	if ip == nil {
		f.Unknown(row, "/exposure/public", "/exposure/public_how", "/exposure/network", "/encryption/in_transit",
			"/attrs/networks", "/attrs/public_ip", "/attrs/ssl_mode")
		return
	}
	setNetworks(f, ip, row)
	switch {
	case ip.Ipv4Enabled:
		f.Set("/exposure/network", "open")
	case ip.PscConfig != nil && ip.PscConfig.PscEnabled && ip.PrivateNetwork == "":
		f.Set("/exposure/network", "endpoint_only")
	default:
		f.Set("/exposure/network", "private")
	}
	setText(f, kindSQL, "/attrs/ssl_mode", ip.SslMode)
	switch ip.SslMode {
	case "ENCRYPTED_ONLY", "TRUSTED_CLIENT_CERTIFICATE_REQUIRED":
		f.Set("/encryption/in_transit", "enforced")
	case "ALLOW_UNENCRYPTED_AND_ENCRYPTED":
		f.Set("/encryption/in_transit", "optional")
	case "", "SSL_MODE_UNSPECIFIED":
		in := "optional"
		if ip.RequireSsl {
			in = "enforced"
		}
		f.Set("/encryption/in_transit", in)
	default:
		f.Set("/encryption/in_transit", ip.SslMode)
	}
}

// backupFact makes the fact of one backup of an instance; row is that of the list.
func backupFact(instance string, b *sqladmin.BackupRun, row string) *evidence.Fact {
	id := strconv.FormatInt(b.Id, 10)
	f := evidence.NewFact(kindSQLBackup, runID(instance, id), last(instance)+" "+id)
	f.Set("/store/class", "backup").Set("/store/engine", b.DatabaseVersion).Set("/origin", instance)
	setBackupPlace(f, b.Location, row)
	key := ""
	if e := b.DiskEncryptionConfiguration; e != nil {
		key = e.KmsKeyName
	}
	setBackupKey(f, key)
	setText(f, kindSQLBackup, "/attrs/type", b.Type)
	setText(f, kindSQLBackup, "/attrs/status", b.Status)
	setTime(f, kindSQLBackup, "/attrs/taken", b.EndTime, row)
	return f
}
