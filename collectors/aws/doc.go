// Package aws asks Amazon Web Services: one file a service, each with its declared operations,
// a Collect that only pages, and pure functions from answers to facts.
//
// What comes in: a [collectors.Session] and an [Access] that knows how accounts are entered.
// What goes out: facts of the kinds that [Kinds] lists. Requests are made by the AWS SDK for Go
// v2; nothing that could change an account is declared, and what is not declared is not sent.
package aws
