package scripting

import "github.com/evald/evald/engine/command"

// The errors of scripting, with Redis's texts (listed with the behaviour behind them in docs/scripting.md).
const (
	errNumkeysRange    command.Error = "ERR Number of keys can't be greater than number of args"
	errNumkeysNegative command.Error = "ERR Number of keys can't be negative"
	errFlushMode       command.Error = "ERR SCRIPT FLUSH only support SYNC|ASYNC option"
	errReadOnlyFlags   command.Error = "ERR Can not execute a script with write flag using *_ro command."
	errBusyScript      command.Error = "BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE."
	errBusyFunction    command.Error = "BUSY Redis is busy running a script. You can only call FUNCTION KILL or SHUTDOWN NOSAVE."
	errNotBusy         command.Error = "NOTBUSY No scripts in execution right now."
	errUnkillable      command.Error = "UNKILLABLE Sorry the script already executed write commands against the dataset. You can either wait the script termination or kill the server in a hard way using the SHUTDOWN NOSAVE command."
	errReplicaScript   command.Error = "READONLY Can not run script with write flag on readonly replica"
	errDiskScript      command.Error = "MISCONF Redis is configured to persist data to AOF, but it's currently unable to persist to disk. Writable scripts are blocked. Use 'no-writes' flag for read only scripts. AOF error: No space left on device"
	errDebugMode       command.Error = "ERR Use SCRIPT DEBUG YES/SYNC/NO"
	errDebugSHA        command.Error = "ERR Please use EVAL instead of EVALSHA for debugging"
	errDebugMulti      command.Error = "ERR Scripts in a transaction cannot be debugged"
	errDebugConnection command.Error = "ERR Scripts of this connection cannot be debugged"
	errDebugWait       command.Error = "ERR Debug session ended: no command within script-debug-timeout"
	errNoCluster       command.Error = "ERR Can not run script on cluster, 'no-cluster' flag is set."

	textNoArgs     = "ERR Please specify at least one argument for this redis lib call"
	textArgType    = "ERR Lua redis lib command arguments must be strings or integers"
	textUnknown    = "ERR Unknown Redis command called from script"
	textArity      = "ERR Wrong number of args calling Redis command from script"
	textNotAllowed = "ERR This Redis command is not allowed from script"
	textReadOnly   = "ERR Write commands are not allowed from read-only scripts."
	textWrongArgs  = "ERR wrong number or type of arguments"
	textStackLimit = "ERR reached lua stack limit"
	textKilled     = "ERR Script killed by user with SCRIPT KILL..." // sic: functions too, see script-texts.txt of the server's sessions
)
