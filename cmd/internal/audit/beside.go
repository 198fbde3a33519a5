package audit

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// File is a file on its way to its place: written beside it, under the name .NAME.tmp-*, and let in
// by one rename. While it is written its holder has a lock on it, which the kernel frees when the
// process ends: a file of that name without a lock is what a crash left, and the next writer of
// the same place clears it.
type File struct {
	*os.File
	path string
}

// Beside starts a file that shall stand at path, replacing what stands there.
func Beside(path string) (*File, error) {
	path = filepath.Clean(path)
	dir, base := filepath.Split(path)
	if dir == "" {
		dir = "."
	}
	if info, err := os.Lstat(path); err == nil && !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is no regular file", path)
	}
	prefix := "." + base + ".tmp-"
	if err := clearLeft(dir, prefix); err != nil {
		return nil, err
	}
	f, err := os.CreateTemp(dir, prefix)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB), f.Chmod(0o644)); err != nil {
		return nil, errors.Join(err, f.Close(), os.Remove(f.Name()))
	}
	return &File{f, path}, nil
}

// clearLeft removes files that nobody holds any more.
func clearLeft(dir, prefix string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), prefix) || !e.Type().IsRegular() {
			continue
		}
		f, err := os.Open(filepath.Join(dir, e.Name()))
		if err != nil {
			continue // gone since, or not ours
		}
		if unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB) == nil {
			err = os.Remove(f.Name())
		}
		if err = errors.Join(err, f.Close()); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("clear unfinished work: %w", err)
		}
	}
	return nil
}

// Enter lets the file in at its place, once the disk has it. Before that, the files named away are
// removed, in their order.
func (f *File) Enter(away ...string) error {
	if err := f.Sync(); err != nil {
		return err
	}
	for _, path := range away {
		if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	if err := os.Rename(f.Name(), f.path); err != nil {
		return err
	}
	return f.Close()
}

// EnterSigned lets a workbook and its signature in. What stood at the workbook's place goes first and
// the new workbook comes last, so that a crash in between leaves no workbook, and never one without
// its signature or beside another's. The signature is nil where there was no key to sign with.
func EnterSigned(book, signature *File) error {
	if err := book.Sync(); err != nil { // before anything goes: a full disk shows here
		return err
	}
	if signature == nil {
		return book.Enter(book.path, book.path+SignatureSuffix)
	}
	if err := signature.Enter(book.path); err != nil {
		return err
	}
	return book.Enter()
}

// Drop removes the file where it has not entered. After Enter it does nothing.
func (f *File) Drop() {
	if f.Close() == nil { // still open: it has not entered
		_ = os.Remove(f.Name()) // the next writer clears what is left
	}
}
