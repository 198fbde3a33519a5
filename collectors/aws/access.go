package aws

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/logging"

	"github.com/trefoil-audit/trefoil/collectors"
)

// maxAttempts bounds the attempts of one call; the bound is a count, so a replay is finite.
const maxAttempts = 3

// Settings say how the accounts of one organisation are entered.
type Settings struct {
	Management string // 12 digits; the account that the caller's own credentials belong to
	Role       string // role to assume in each account; empty: the caller's own identity
	ExternalID string
	Partition  string // aws, aws-eusc, …
	HomeRegion string // where global and first calls go
	Endpoint   string // overrides every endpoint; empty: the provider's own

	// Network is how credentials are asked for: by the engagement's proxy and authorities, not
	// by the environment's. Nil: the SDK's own.
	Network *http.Transport
}

// Access enters accounts: it holds the caller's credentials and one credential cache an
// account. In a replay nothing is entered and any credentials sign.
type Access struct {
	settings Settings
	base     aws.Config // of the credential client, whose answers are never recorded

	mu      sync.Mutex
	entered map[string]aws.CredentialsProvider
}

// ReplayAccess is for replays: it signs with fixed words that are no credentials.
func ReplayAccess(s Settings) *Access {
	return &Access{settings: s, base: aws.Config{Credentials: fixed()}, entered: map[string]aws.CredentialsProvider{}}
}

func fixed() aws.CredentialsProvider {
	return credentials.NewStaticCredentialsProvider("REPLAY", "REPLAY", "")
}

// LiveAccess takes the caller's credentials from the SDK's default chain. The client for them is
// the SDK's own, apart from the one that records.
func LiveAccess(ctx context.Context, s Settings) (*Access, error) {
	load := []func(*config.LoadOptions) error{config.WithRegion(s.HomeRegion), config.WithLogger(logging.Nop{})} // what failed is recorded
	if s.Network != nil {
		load = append(load, config.WithHTTPClient(awshttp.NewBuildableClient().WithTransportOptions(func(t *http.Transport) {
			t.Proxy, t.TLSClientConfig = s.Network.Proxy, s.Network.TLSClientConfig.Clone()
		})))
	}
	cfg, err := config.LoadDefaultConfig(ctx, load...)
	if err != nil {
		return nil, fmt.Errorf("load AWS configuration: %w", err)
	}
	if s.Endpoint != "" {
		cfg.BaseEndpoint = aws.String(s.Endpoint)
	}
	return &Access{settings: s, base: cfg, entered: map[string]aws.CredentialsProvider{}}, nil
}

// Operation is the credential operation that entering needs.
func (a *Access) Operation() string {
	if a.settings.Role == "" {
		return "sts:OwnIdentity"
	}
	return "sts:AssumeRole"
}

// Enter gets credentials for an account and says how that ended. The caller's own are taken for the
// account that they belong to, and for no other.
func (a *Access) Enter(ctx context.Context, account string) collectors.Entry {
	provider := a.base.Credentials
	if a.settings.Role != "" {
		arn := "arn:" + a.settings.Partition + ":iam::" + account + ":role/" + a.settings.Role
		provider = aws.NewCredentialsCache(stscreds.NewAssumeRoleProvider(sts.NewFromConfig(a.base), arn, func(o *stscreds.AssumeRoleOptions) {
			o.RoleSessionName = "trefoil-audit"
			if a.settings.ExternalID != "" {
				o.ExternalID = aws.String(a.settings.ExternalID)
			}
		}))
	}
	entry := collectors.Entry{Operation: a.Operation()}
	if provider == nil {
		entry.Code = "NoCredentials"
		return entry
	}
	if _, err := provider.Retrieve(ctx); err != nil {
		return failed(entry, err)
	}
	if a.settings.Role == "" { // nothing else ties the caller's own credentials to the account that is meant
		who, err := sts.NewFromConfig(a.base).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
		if err != nil {
			return failed(entry, err)
		}
		if own := aws.ToString(who.Account); own != account {
			entry.Code = fmt.Sprintf("OtherAccount: the credentials belong to %q", own)
			return entry
		}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.entered[account] = provider
	return entry
}

// failed says why credentials were not got.
func failed(entry collectors.Entry, err error) collectors.Entry {
	entry.Code = "CouldNotAsk: " + collectors.FailureClass(err)
	if strings.Contains(err.Error(), "get credentials") { // the SDK has no type for it
		entry.Code = "NoCredentials"
	}
	var api smithy.APIError
	if errors.As(err, &api) {
		entry.Code = api.ErrorCode()
		entry.Denied = strings.Contains(entry.Code, "AccessDenied") || strings.Contains(entry.Code, "Unauthorized")
	}
	return entry
}

func (a *Access) credentials(s *collectors.Session) aws.CredentialsProvider {
	if !s.Live() {
		return fixed()
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if p, ok := a.entered[s.Target().Account]; ok {
		return p
	}
	return aws.AnonymousCredentials{}
}

// config gives the SDK configuration of one session and region. Everything that could differ
// between machines is set here, not taken from the environment.
func (a *Access) config(s *collectors.Session, region string) aws.Config {
	cfg := aws.Config{
		Region:                region,
		Credentials:           a.credentials(s),
		AccountIDEndpointMode: aws.AccountIDEndpointModeDisabled,
		HTTPClient: &http.Client{
			Transport:     s.Transport(region, operationName),
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		Retryer: func() aws.Retryer { return retryer(s.Live()) },
		// Else a refusal whose Date lies some minutes back is taken for a wrong clock and asked again: a
		// recording could not be played later than that.
		DisableClockSkewCorrection: true,
	}
	if region == collectors.Global {
		cfg.Region = a.settings.HomeRegion
	}
	if a.settings.Endpoint != "" && s.Live() {
		cfg.BaseEndpoint = aws.String(a.settings.Endpoint)
		cfg.HTTPClient = &http.Client{Transport: &oneHost{endpoint: a.settings.Endpoint, next: s.Transport(region, operationName)},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	}
	return cfg
}

// oneHost takes away the account id that some services put before the host: an endpoint that
// engagement.yaml names is one host.
type oneHost struct {
	endpoint string
	next     http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (o *oneHost) RoundTrip(req *http.Request) (*http.Response, error) {
	u, err := url.Parse(o.endpoint)
	if err != nil {
		return nil, fmt.Errorf("endpoint %q: %w", o.endpoint, err)
	}
	out := req.Clone(req.Context())
	out.Host = cmp.Or(req.Host, req.URL.Host) // as it was signed
	out.URL.Host = u.Host
	return o.next.RoundTrip(out)
}

func retryer(live bool) aws.Retryer {
	return retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts = maxAttempts
		if !live {
			o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
		}
	})
}
