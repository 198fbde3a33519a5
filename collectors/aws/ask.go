package aws

import (
	"context"

	"github.com/trefoil-audit/trefoil/collectors"
)

// ask makes one SDK call as one recorded question. Call is a method of an SDK client, such as
// client.ListBuckets.
func ask[In, Out, Opt any](ctx context.Context, s *collectors.Session, region, operation string,
	call func(context.Context, *In, ...func(*Opt)) (*Out, error), in *In) collectors.Answer[*Out] {
	return collectors.Ask(ctx, s, region, operation, func(ctx context.Context) (*Out, error) { return call(ctx, in) })
}
