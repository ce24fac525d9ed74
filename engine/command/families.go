package command

// Families returns the data commands, family by family, as NewTable takes them. Connection, server and scripting commands are
// declared in their own rooms.
func Families() [][]Spec {
	return [][]Spec{Strings(), Generic(), Hashes(), Lists(), Sets(), SortedSets(), Bitmaps(), HyperLogLogs(), Geo(), Streams()}
}
