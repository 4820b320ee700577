// Stages of a migration.

package ringshift

// Stage is how far a migration has come.
type Stage uint8

const (
	// StageNone: no migration, or one that has not begun.
	StageNone Stage = 0
	// StagePrepare: reads stay on the old cluster; invalidations go to both.
	StagePrepare Stage = 1
	// StageRamp: keys move to the new cluster, by percent.
	StageRamp Stage = 2
	// StageSoak: reads are on the new cluster; invalidations still go to both.
	StageSoak Stage = 3
)

// String is the stage's name as the spec has it: "none", "prepare", "ramp" or "soak".
func (s Stage) String() string {
	return nameOf(s, "none", "prepare", "ramp", "soak")
}

// nameOf is the name of a number that counts from 0.
func nameOf[N ~uint8](number N, names ...string) string {
	if int(number) >= len(names) {
		return "unknown"
	}
	return names[number]
}
