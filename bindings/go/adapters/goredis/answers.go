// What servers answer to commands, and what go-redis' errors mean: an answer, a refusal, a failure of the node.

package goredis

import (
	"errors"
	"strings"

	"github.com/redis/go-redis/v9"

	"ringshift"
	"ringshift/internal/steps"
)

// answer is what was answered to a command: a value, or why there is none.
type answer struct {
	value any
	err   error
}

// answerTo is the answer to a command that was sent with others; failed says why they failed as a whole. go-redis gives that
// error to commands that were answered before the connection died, too, and leaves "" or 0 in the one whose answer broke
// off: any other value was answered.
func answerTo(command *redis.Cmd, failed error) answer {
	value, err := command.Result()
	var answered redis.Error
	text, isText := value.(string)
	number, isNumber := value.(int64)
	switch {
	case err == nil && value != nil, isText && text != "", isNumber && number != 0:
		return answer{value: value}
	case errors.As(err, &answered):
		return answer{err: err}
	case err == nil && failed == nil:
		err = errors.New("the command was not answered")
	case err == nil:
		err = failed
	}
	return answer{err: err}
}

// item is the reply that has a value; what stands in for a token is a miss.
func (a answer) item() steps.Reply {
	text, isText := a.value.(string)
	switch {
	case errors.Is(a.err, redis.Nil):
		return steps.Reply{}
	case a.err != nil:
		return replyOf(a.err)
	case !isText:
		return replyOf(errors.New("the server did not answer with a value, as Redis does"))
	case strings.HasPrefix(text, mark):
		return steps.Reply{}
	}
	return steps.Reply{Item: &steps.Item{Value: []byte(text), TTL: steps.Unknown}}
}

// done is the reply that says whether something was done, which is so if the answer is yes.
func (a answer) done(yes any) steps.Reply {
	if a.err != nil && !errors.Is(a.err, redis.Nil) {
		return replyOf(a.err)
	}
	return steps.Reply{Done: a.value == yes}
}

// replyOf is the reply for a command that failed.
func replyOf(err error) steps.Reply {
	reply := steps.Failed(err)
	var answered redis.Error
	if errors.As(err, &answered) {
		switch {
		case strings.HasPrefix(err.Error(), "WRONGTYPE"):
			return steps.Reply{Mistake: err}
		case strings.HasPrefix(err.Error(), "OOM"):
			return steps.Reply{Refused: err}
		}
		return reply
	}
	if errors.Is(err, redis.ErrPoolTimeout) || errors.Is(err, redis.ErrPoolExhausted) || errors.Is(err, redis.ErrClosed) {
		// No connection was to be had. If that is since the node hangs, those who have them tell.
		reply.Outcome = ringshift.OutcomeUnsent
	}
	return reply
}
