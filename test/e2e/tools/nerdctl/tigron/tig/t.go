// Package tig stands in for the package of nerdctl's test framework that nerdctl's own program happens to import
// (for one interface, in code that only its tests run). The framework is a nested module that no proxy serves.
package tig

// T is the part of testing.TB that nerdctl's pkg/testutil uses.
type T interface {
	Helper()
	TempDir() string
	Log(args ...any)
	FailNow()
}
