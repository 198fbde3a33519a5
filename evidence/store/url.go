package store

import (
	"errors"
	"path/filepath"
	"strings"
)

// Schemes of URLs.
const (
	S3 = "s3"
	GS = "gs"
)

// ErrURL says that something is no URL of a store.
var ErrURL = errors.New("is no store: write s3://bucket/prefix, gs://bucket/prefix or a folder")

// Scheme gives the scheme of a store's URL; empty for a folder.
func Scheme(at string) string {
	if s, _, ok := strings.Cut(at, "://"); ok {
		return s
	}
	return ""
}

// Split takes a run's URL apart: the store's, and the run's name.
func Split(at string) (storeURL, name string, err error) {
	if Scheme(at) == "" {
		return filepath.Dir(filepath.Clean(at)), filepath.Base(filepath.Clean(at)), nil
	}
	scheme, rest, _ := strings.Cut(strings.TrimRight(at, "/"), "://")
	cut := strings.LastIndex(rest, "/")
	if cut <= 0 {
		return "", "", errors.New("the URL names no run: write s3://bucket/prefix/run")
	}
	name = rest[cut+1:]
	return scheme + "://" + rest[:cut], name, CheckName(name)
}
