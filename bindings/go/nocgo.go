//go:build !cgo

// What a build without cgo sees: one error that says what is missing.

package ringshift

// All placement is done by ringshift's C library, so there is nothing to build without cgo.
var _ = ringshift_needs_cgo__set_CGO_ENABLED_to_1_and_install_a_C_compiler
