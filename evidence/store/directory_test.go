package store_test

import (
	"testing"

	"github.com/trefoil-audit/trefoil/evidence/store"
	"github.com/trefoil-audit/trefoil/evidence/store/storetest"
)

func TestDirectory(t *testing.T) {
	dir := ""
	again := func(t testing.TB) store.Bucket {
		d, err := store.OpenDirectory(dir)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	storetest.Run(t, storetest.Options{Again: again, Open: func(t testing.TB) store.Bucket {
		dir = t.TempDir()
		return again(t)
	}})
}
