package gcp

import (
	"context"
	"strconv"
	"strings"

	"google.golang.org/api/storagetransfer/v1"

	"github.com/trefoil-audit/trefoil/collectors"
	"github.com/trefoil-audit/trefoil/evidence"
)

// transferJobs declares the one operation that shows to where a project's buckets are copied. A
// project in which the service was never switched on runs no job. An answer of {} counts where the
// inventory lists no job either; else the copies are unknown. Jobs that read from other providers hold
// their credentials.
func transferJobs() collectors.Operation {
	op := scrubbed(bare("storagetransfer:transferJobs.list", "storagetransfer.jobs.list"), "secretAccessKey", "sasToken")
	op.Empty, op.Disabled = disabled, nil
	return op
}

// transfers is what is known of a project's transfer jobs.
type transfers struct {
	whole bool
	row   string
	from  []string
	jobs  []*storagetransfer.TransferJob
}

// jobs reads the project's transfer jobs.
func (c *buckets) jobs(ctx context.Context, s *collectors.Session) (transfers, error) {
	service, err := storagetransfer.NewService(ctx, c.access.options(s, collectors.Global, "storagetransfer")...)
	if err != nil {
		return transfers{}, err
	}
	filter, err := evidence.Canonical(map[string]string{"projectId": s.Target().Account})
	if err != nil {
		return transfers{}, err
	}
	var t transfers
	l := list(ctx, s, collectors.Global, "storagetransfer:transferJobs.list", kindBucket, func(ctx context.Context, token string) (page[*storagetransfer.TransferJob], error) {
		r, err := service.TransferJobs.List(string(filter)).PageSize(256).PageToken(token).Context(ctx).Do()
		if err != nil {
			return page[*storagetransfer.TransferJob]{}, err
		}
		return page[*storagetransfer.TransferJob]{items: r.TransferJobs, next: r.NextPageToken}, nil
	}, func(j *storagetransfer.TransferJob, _ []string) { t.jobs = append(t.jobs, j) })
	l.whole = c.access.vouch(s, l, assetJob, anyAsset)
	t.whole, t.row, t.from = l.whole, l.row, l.from
	return t, nil
}

// setCopies says to where a bucket's objects are copied by jobs of its own project.
func (t transfers) setCopies(f *evidence.Fact, bucket string) {
	f.Because(t.from...)
	copies := []map[string]any{}
	for _, j := range t.jobs {
		source, sink, how := ends(j)
		if source != bucket || j.Status == "DELETED" {
			continue
		}
		one := map[string]any{"how": how, "to": sink, "owner": nil}
		switch j.Status {
		case "ENABLED", "DISABLED":
			one["active"] = j.Status == "ENABLED"
		default: // the answer does not say, or in words that are not known
			f.Unknown(t.row, "/copies/"+strconv.Itoa(len(copies))+"/active")
		}
		copies = append(copies, one)
	}
	switch {
	case t.whole:
		f.Set("/copies", copies)
	case len(copies) > 0:
		f.Set("/copies", copies).Unknown(t.row, "/copies/-")
	default:
		f.Unknown(t.row, "/copies")
	}
}

// elsewhere names a job that copies a bucket of another project; "" where there is none. That bucket's
// fact is made in another target, and would say that it has no such copy.
func (t transfers) elsewhere(own map[string]bool) string {
	for _, j := range t.jobs {
		if source, sink, _ := ends(j); source != "" && !own[source] && j.Status != "DELETED" {
			return "the copies of a bucket of another project are not followed: " + j.Name + " copies " + source + " to " + sink
		}
	}
	return ""
}

// ends gives the bucket that a job reads and the store that it writes. Replication and jobs that
// events start are continuous; others export.
func ends(j *storagetransfer.TransferJob) (source, sink, how string) {
	if r := j.ReplicationSpec; r != nil {
		if r.GcsDataSource != nil {
			source = r.GcsDataSource.BucketName
		}
		if r.GcsDataSink != nil {
			sink = bucketID(r.GcsDataSink.BucketName)
		}
		return source, sink, "replica"
	}
	how = "export"
	if j.EventStream != nil {
		how = "replica"
	}
	if spec := j.TransferSpec; spec != nil {
		if spec.GcsDataSource != nil {
			source = spec.GcsDataSource.BucketName
		}
		switch {
		case spec.GcsDataSink != nil:
			sink = bucketID(spec.GcsDataSink.BucketName)
		case spec.PosixDataSink != nil:
			sink = "posix:" + strings.TrimPrefix(spec.PosixDataSink.RootDirectory, "/")
		}
	}
	return source, sink, how
}
