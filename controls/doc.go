// Package controls tests facts against a catalogue.
//
// What comes in: the catalogue (data: one YAML file a control, its cases beside its test), the
// facts and coverage of a run, and what a judgement names beside them: the table of places, the
// register, the roster, waivers and parameters. What goes out: [Results], a pure function of
// all that. The package reads no clock, no environment and no network.
//
// The way through: catalogue.go reads and checks controls; schema.go gives CEL the types of
// exactly the fields that every kind of a population carries; value.go holds what was not seen
// as unknown values that name their coverage row; rules.go refuses the expressions in which an
// unknown could be lost; scope.go rules things in and out; derive.go joins across targets;
// judge.go walks the facts and rolls up.
//
// # Rules of judgement
//
// No data is never a pass: a control passes only where every list operation that its population
// depends on was answered and each item's fields are known. One witness is enough to fail.
// What is not known is insufficient evidence. An empty population is not applicable only where
// its enumeration was complete. A waiver never turns a fail into a pass. Roll-up: fail, error,
// insufficient, pass, not applicable, in this order.
//
// What the package does not promise: that the facts are genuine. That is for package evidence.
package controls
