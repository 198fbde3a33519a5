package gcp

import (
	"context"
	"errors"
	"strings"

	"google.golang.org/api/cloudasset/v1"
	sqladmin "google.golang.org/api/sqladmin/v1"

	"github.com/trefoil-audit/trefoil/collectors"
	"github.com/trefoil-audit/trefoil/evidence"
)

// backupsOperation lists all backups of a project: those of its instances, and those that were kept when an
// instance was deleted, which no list of an instance's backup runs has.
const backupsOperation = "sql:Backups.ListBackups"

// runs are the backup runs that were listed of a project's instances, by id of their fact: true where the
// run is a backup, false where it says itself that it is none.
type runs map[string]bool

// retained emits the backups that no list of runs showed.
func (c *instances) retained(ctx context.Context, s *collectors.Session, service *sqladmin.Service, shown runs) {
	project := s.Target().Account
	parent, number := "projects/"+project, c.access.known(project).number
	l := list(ctx, s, collectors.Global, backupsOperation, kindSQLBackup, func(ctx context.Context, token string) (page[*sqladmin.Backup], error) {
		r, err := service.Backups.ListBackups(parent).PageSize(500).PageToken(token).Context(ctx).Do()
		if err != nil {
			return page[*sqladmin.Backup]{}, err
		}
		return page[*sqladmin.Backup]{items: r.Backups, next: r.NextPageToken, missing: warned(r.Warnings)}, nil
	}, func(b *sqladmin.Backup, from []string) {
		switch {
		case b.BackupRun != "" && shown[runID(instanceID(project, b.Instance), last(b.BackupRun))]:
		case b.Name == "":
			s.Spoil(kindSQLBackup, collectors.Global, errors.New("a backup without a name"))
		default:
			s.Emit(kindSQLBackup, retainedFact(project, named(b.Name, parent, number), b, evidence.RowID(s.Target().ID, collectors.Global, backupsOperation)).Because(from...))
		}
	})
	c.access.vouch(s, l, assetBackup, func(a *cloudasset.Asset) bool { // what was skipped may stand in the inventory
		backup, listed := shown[byProjectID(project, a)]
		return backup || !listed
	})
}

// warned is what the warnings of an answer say that is missing in it.
func warned(all []*sqladmin.ApiWarning) string {
	var missing []string
	for _, w := range all {
		missing = append(missing, w.Code+" "+w.Region)
	}
	return strings.Join(missing, ", ")
}

func runID(instance, id string) string { return instance + "/backupRuns/" + id }

// retainedFact makes the fact of a backup by its entry in the list of the project; row is that of the list.
func retainedFact(project, name string, b *sqladmin.Backup, row string) *evidence.Fact {
	f := evidence.NewFact(kindSQLBackup, "//cloudsql.googleapis.com/"+name, last(name))
	f.Set("/store/class", "backup").Set("/store/engine", b.DatabaseVersion)
	if b.Instance == "" {
		f.Unknown(row, "/origin")
	} else {
		f.Set("/origin", instanceID(project, b.Instance))
	}
	setBackupPlace(f, b.Location, row)
	setBackupKey(f, b.KmsKey)
	setText(f, kindSQLBackup, "/attrs/type", b.Type)
	setText(f, kindSQLBackup, "/attrs/status", b.State)
	taken := ""
	if b.BackupInterval != nil {
		taken = b.BackupInterval.EndTime
	}
	setTime(f, kindSQLBackup, "/attrs/taken", taken, row)
	return f
}

func setBackupPlace(f *evidence.Fact, location, row string) {
	if location == "" {
		f.Region = collectors.Global
		f.Unknown(row, "/located")
		return
	}
	f.Region = place(location)
	f.Set("/located", []string{f.Region})
}

func setBackupKey(f *evidence.Fact, key string) {
	if key == "" {
		f.Set("/encryption/at_rest", "provider_key").None(kindSQLBackup, "/encryption/key")
		return
	}
	f.Set("/encryption/at_rest", "customer_key").Set("/encryption/key", keyID(key))
}
