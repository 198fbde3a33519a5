// Package storetest is the one suite of tests that every store passes: [Run]. It is handed a
// function that opens an empty store, so that it says the same of a folder and of a server.
package storetest
