// Package s3 keeps objects in Amazon S3, or in what speaks its protocol, through the SDK's client.
//
// It needs s3:PutObject, s3:GetObject, s3:ListBucket; with object lock also s3:PutObjectRetention,
// s3:GetObjectRetention, s3:GetBucketObjectLockConfiguration; and, to say where the bucket lies,
// s3:GetBucketLocation and s3:GetReplicationConfiguration. It never deletes and never changes a
// bucket.
package s3

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/trefoil-audit/trefoil/evidence/store"
)

// Settings say which bucket, and as whom.
type Settings struct {
	Bucket    string
	Prefix    string            // of all objects, without slashes at its ends; may be empty
	Region    string            // empty: that of the profile or of the environment
	Profile   string            // of the shared AWS configuration; empty: the SDK's default chain
	Endpoint  string            // empty: Amazon's own
	Transport http.RoundTripper // nil: the default
}

// Bucket is a store in S3.
type Bucket struct {
	settings Settings
	client   *awss3.Client
}

// Open makes a client. It asks nothing yet.
func Open(ctx context.Context, s Settings) (*Bucket, error) {
	var opts []func(*config.LoadOptions) error
	if s.Profile != "" {
		opts = append(opts, config.WithSharedConfigProfile(s.Profile))
	}
	if s.Region != "" {
		opts = append(opts, config.WithRegion(s.Region))
	}
	cfg, err := config.LoadDefaultConfig(ctx, opts...)
	if err != nil {
		return nil, fmt.Errorf("store s3://%s: credentials: %w", s.Bucket, err)
	}
	if cfg.Region == "" {
		return nil, fmt.Errorf("store s3://%s: nobody says in which region it lies; say it (store.place in engagement.yaml, or --place)", s.Bucket)
	}
	// A redirect is followed by nobody: evidence goes where the operator said.
	cfg.HTTPClient = &http.Client{Transport: s.Transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	client := awss3.NewFromConfig(cfg, func(o *awss3.Options) {
		if s.Endpoint != "" {
			o.BaseEndpoint = aws.String(s.Endpoint)
			o.UsePathStyle = true
		}
	})
	return &Bucket{s, client}, nil
}

func (b *Bucket) key(name string) string {
	if b.settings.Prefix == "" {
		return name
	}
	return b.settings.Prefix + "/" + name
}

// Put implements store.Bucket with If-None-Match: *. The store gets the checksum and refuses
// other bytes.
func (b *Bucket) Put(ctx context.Context, name string, o store.Object) error {
	sum, err := hex.DecodeString(o.SHA256)
	if err != nil {
		return fmt.Errorf("object %s: digest: %w", name, err)
	}
	body, err := o.Open()
	if err != nil {
		return err
	}
	in := &awss3.PutObjectInput{Bucket: &b.settings.Bucket, Key: aws.String(b.key(name)), Body: body, ContentLength: &o.Size, IfNoneMatch: aws.String("*"),
		ChecksumAlgorithm: types.ChecksumAlgorithmSha256, ChecksumSHA256: aws.String(base64.StdEncoding.EncodeToString(sum))}
	if o.Lock != nil {
		in.ObjectLockMode = types.ObjectLockMode(strings.ToUpper(o.Lock.Mode))
		in.ObjectLockRetainUntilDate = &o.Lock.Until
	}
	_, err = b.client.PutObject(ctx, in)
	if err := errors.Join(err, body.Close()); err != nil {
		switch status(err) {
		case http.StatusPreconditionFailed:
			err = store.ErrExists
		case http.StatusConflict:
			err = fmt.Errorf("%w: %w", store.ErrBusy, err)
		}
		return fmt.Errorf("object %s: %w", name, err)
	}
	return nil
}

// status is the HTTP status of an answer that is an error; 0 where there was no answer.
func status(err error) int {
	var answer *awshttp.ResponseError
	if errors.As(err, &answer) {
		return answer.HTTPStatusCode()
	}
	return 0
}

// Get implements store.Bucket.
func (b *Bucket) Get(ctx context.Context, name string) (io.ReadCloser, error) {
	out, err := b.client.GetObject(ctx, &awss3.GetObjectInput{Bucket: &b.settings.Bucket, Key: aws.String(b.key(name))})
	if err != nil {
		var absent *types.NoSuchKey
		if errors.As(err, &absent) {
			err = store.ErrAbsent
		}
		return nil, fmt.Errorf("object %s: %w", name, err)
	}
	return out.Body, nil
}

// List implements store.Bucket.
func (b *Bucket) List(ctx context.Context, under string) iter.Seq2[store.Info, error] {
	return func(yield func(store.Info, error) bool) {
		pages := awss3.NewListObjectsV2Paginator(b.client, &awss3.ListObjectsV2Input{Bucket: &b.settings.Bucket, Prefix: aws.String(b.key(under))})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				yield(store.Info{}, fmt.Errorf("list store: %w", err))
				return
			}
			for _, o := range page.Contents {
				name, ok := strings.CutPrefix(aws.ToString(o.Key), b.key(""))
				if ok && !yield(store.Info{Name: name, Size: aws.ToInt64(o.Size)}, nil) {
					return
				}
			}
		}
	}
}

// Held implements store.Bucket.
func (b *Bucket) Held(ctx context.Context, name string) (store.Lock, error) {
	out, err := b.client.HeadObject(ctx, &awss3.HeadObjectInput{Bucket: &b.settings.Bucket, Key: aws.String(b.key(name))})
	if err != nil {
		return store.Lock{}, fmt.Errorf("object %s: read its retention: %w", name, err)
	}
	return store.Lock{Mode: strings.ToLower(string(out.ObjectLockMode)), Until: aws.ToTime(out.ObjectLockRetainUntilDate)}, nil
}
