//go:build !linux

// How much memory a load may use before the collector must help after all.
package persistence

// memoryLimit is a guess for systems that are not asked.
func memoryLimit() int64 { return 4 << 30 }
