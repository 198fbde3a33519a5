package gcp

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"google.golang.org/api/storage/v1"

	"github.com/trefoil-audit/trefoil/collectors"
)

// hmacOperation lists the HMAC keys of a project: with one, whoever holds it acts at Cloud Storage as a
// service account, by a secret that no list of the account's own keys shows.
const hmacOperation = "storage:projects.hmacKeys.list"

// hmacKeys are those of one project, by the address of the account that each acts as.
type hmacKeys struct {
	of     map[string][]*storage.HmacKeyMetadata
	from   []string
	row    string
	unseen string // the same row, where they were not all seen; "" where they were
}

func (c *identities) hmac(ctx context.Context, s *collectors.Session) (hmacKeys, error) {
	service, err := storage.NewService(ctx, c.access.options(s, collectors.Global, "storage")...)
	if err != nil {
		return hmacKeys{}, err
	}
	out := hmacKeys{of: map[string][]*storage.HmacKeyMetadata{}}
	l := list(ctx, s, collectors.Global, hmacOperation, kindServiceAccount, func(ctx context.Context, token string) (page[*storage.HmacKeyMetadata], error) {
		r, err := service.Projects.HmacKeys.List(s.Target().Account).ShowDeletedKeys(false).PageToken(token).Context(ctx).Do()
		if err != nil {
			return page[*storage.HmacKeyMetadata]{}, err
		}
		return page[*storage.HmacKeyMetadata]{items: r.Items, next: r.NextPageToken}, nil
	}, func(k *storage.HmacKeyMetadata, _ []string) {
		out.of[k.ServiceAccountEmail] = append(out.of[k.ServiceAccountEmail], k)
	})
	if out.from, out.row = l.from, l.row; !l.whole {
		out.unseen = l.row
	}
	return out, nil
}

// elsewhere says that keys act as accounts which the project does not list; nil where none does.
func (h hmacKeys) elsewhere(listed map[string]bool) error {
	strangers := slices.DeleteFunc(slices.Sorted(maps.Keys(h.of)), func(email string) bool { return listed[email] })
	if len(strangers) == 0 {
		return nil
	}
	return errors.New("HMAC keys of the project act as accounts that it does not list: " + strings.Join(strangers, ", "))
}

// addTo adds an account's HMAC keys to its credentials.
func (h hmacKeys) addTo(c *credentials, email string) {
	for _, k := range h.of[email] {
		one := map[string]any{"kind": "hmac_key", "id": k.AccessId}
		switch k.State {
		case "ACTIVE":
			one["active"] = true
		case "INACTIVE", "DELETED":
			one["active"] = false
		}
		c.add(one, k.TimeCreated, h.row)
	}
	if h.unseen != "" {
		c.lack(h.unseen)
	}
}
