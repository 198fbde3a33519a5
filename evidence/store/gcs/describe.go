package gcs

import (
	"context"
	"fmt"
	"strings"
	"time"

	"cloud.google.com/go/storage"

	"github.com/trefoil-audit/trefoil/evidence/store"
)

// about gives the bucket's own attributes, asked for once.
func (b *Bucket) about(ctx context.Context) (*storage.BucketAttrs, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.attrs != nil {
		return b.attrs, nil
	}
	attrs, err := b.client.Bucket(b.settings.Bucket).Attrs(ctx)
	if err != nil {
		return nil, fmt.Errorf("ask for the bucket's attributes: %w", err)
	}
	b.attrs = attrs
	return attrs, nil
}

// Describe implements store.Bucket. Copies by Storage Transfer are jobs of a project, not rules of a
// bucket: they are named as not seen.
func (b *Bucket) Describe(ctx context.Context) (*store.Description, error) {
	d := &store.Description{URL: "gs://" + strings.TrimSuffix(b.settings.Bucket+"/"+b.settings.Prefix, "/"), Provider: b.settings.Endpoint == ""}
	attrs, err := b.about(ctx)
	if err != nil {
		return nil, fmt.Errorf("store %s: %w", d.URL, err)
	}
	d.Where, d.Retention = whereOf(attrs), ruleOf(attrs)
	return d, nil
}

// whereOf gives the places of a bucket: the two of a configurable dual region, else its location.
func whereOf(attrs *storage.BucketAttrs) []string {
	if p := attrs.CustomPlacementConfig; p != nil && len(p.DataLocations) > 0 {
		return p.DataLocations
	}
	if attrs.Location == "" {
		return nil
	}
	return []string{attrs.Location}
}

const day = 24 * time.Hour

// ruleOf says what a bucket retains: by its policy, or object by object.
func ruleOf(attrs *storage.BucketAttrs) *store.Rule {
	rule := &store.Rule{Each: attrs.ObjectRetentionMode != ""}
	if p := attrs.RetentionPolicy; p != nil && p.RetentionPeriod > 0 {
		rule.Mode, rule.Days = store.Governance, int(p.RetentionPeriod/day)
		if p.IsLocked {
			rule.Mode = store.Compliance
		}
	}
	if !rule.Each && rule.Mode == "" {
		return nil
	}
	return rule
}

// Modes of an object's retention, as the API writes them.
const (
	locked   = "Locked"
	unlocked = "Unlocked"
)

func retentionMode(mode string) string {
	if mode == store.Compliance {
		return locked
	}
	return unlocked
}

// Held implements store.Bucket.
func (b *Bucket) Held(ctx context.Context, name string) (store.Lock, error) {
	about, err := b.about(ctx)
	if err != nil {
		return store.Lock{}, err
	}
	attrs, err := b.object(name).Attrs(ctx)
	if err != nil {
		return store.Lock{}, fmt.Errorf("object %s: read its retention: %w", name, err)
	}
	return heldBy(attrs, about.RetentionPolicy), nil
}

// heldBy takes the stronger of an object's own retention and its bucket's. A bucket's policy that is
// not locked can be taken away by who administers it, as can an object's that is unlocked.
func heldBy(o *storage.ObjectAttrs, policy *storage.RetentionPolicy) store.Lock {
	var held store.Lock
	if r := o.Retention; r != nil {
		held = store.Lock{Mode: store.Governance, Until: r.RetainUntil}
		if r.Mode == locked {
			held.Mode = store.Compliance
		}
	}
	if policy == nil || policy.RetentionPeriod <= 0 {
		return held
	}
	by := store.Lock{Mode: store.Governance, Until: o.Created.Add(policy.RetentionPeriod)}
	if policy.IsLocked {
		by.Mode = store.Compliance
	}
	switch {
	case held.Mode == by.Mode && by.Until.After(held.Until), held.Mode == "", by.Mode == store.Compliance && held.Mode != store.Compliance:
		return by
	}
	return held
}
