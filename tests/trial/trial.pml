/* A trial of new rules: commands under a lock, kill -9 after each step, reboots,
   the deadline or a stop at any time, a foreign flush of the table.

   States and steps have the names of tools/trial/trial_states.h; tests/trial/model.py
   compares them. The kernel holds

     rules  the generation of rules that stays: NONE after a flush, OLD, NEW
     gate   objects of the trial stand beside the rules
     armed  the element is there, so that the trial's rules decide

   and the disk holds

     current  the revision that a boot loads
     open     the journal's last line that no other one has closed, or CLOSED

   The lock ends with its holder; a reboot ends every command. */

#define LIVES 3

mtype = { NONE, OLD, NEW };
mtype = { CLOSED, TRIAL, CONFIRMING };
mtype = { QUIET, TOLD_CONFIRMED, TOLD_ENDED };

mtype rules = OLD, current = OLD, open = CLOSED, told = QUIET;
bool gate = false, armed = false, locked = false, confirmed = false;
bool ran_out = false;	/* the element ran out, or was taken: none may come back */
byte deaths = 0, boots = 0, flushes = 0;

#ifdef NO_LOCK
#define LOCK skip
#else
#define LOCK !locked -> locked = true
#endif
#define ALIVE if :: boots != mine -> goto dead :: else fi

/* kill -9, power off or nothing, after a step that was taken */
inline may_die() {
	atomic { if :: deaths < LIVES -> deaths++; goto dead :: true fi }
}

/* ---- recover(): the first thing that a command does, under the lock ---- */

/* What it finds is a state; what it does is a step. */
inline recover() {
	/* STATE_ON_TRIAL: nothing to do */
	if
	:: atomic { open == TRIAL && !armed -> ALIVE; skip }
		/* STATE_TRIAL_ENDED */
		atomic { ALIVE; gate = false }	may_die();	/* STEP_CLEAN */
		atomic { ALIVE; open = CLOSED }	may_die()	/* STEP_JOURNAL_ROLLED_BACK */
	:: atomic { open == CONFIRMING && (rules == NEW || current == NEW) -> ALIVE; skip }
		/* STATE_CONFIRM_LOADED: current is NEW only if the rules were */
		atomic { ALIVE; current = NEW }	may_die();	/* STEP_CURRENT */
		atomic { ALIVE; open = CLOSED; confirmed = true } may_die() /* STEP_JOURNAL_CONFIRMED */
	:: atomic { open == CONFIRMING && rules != NEW && current != NEW && armed -> ALIVE;
		open = TRIAL }			/* STATE_CONFIRM_UNSENT: STEP_JOURNAL_TRIAL */
		may_die()
	:: atomic { open == CONFIRMING && rules != NEW && current != NEW && !armed -> ALIVE; skip }
		/* STATE_CONFIRM_LATE */
		atomic { ALIVE; gate = false }	may_die();
		atomic { ALIVE; open = CLOSED }	may_die()
	:: else
	fi
}

/* ---- commands ---- */

proctype apply_trial() {
	byte mine;

	atomic { LOCK; mine = boots };
	recover();
	atomic { ALIVE; if :: open != CLOSED || rules != OLD || current != OLD -> goto dead :: else fi };
	atomic { ALIVE; open = TRIAL }		may_die();	/* STEP_JOURNAL_TRIAL */
	atomic { ALIVE; if :: rules == OLD -> gate = true :: else fi }
						may_die();	/* STEP_MEASURE */
	atomic { ALIVE; if :: rules == OLD -> gate = true; armed = true; ran_out = false :: else fi }
						may_die();	/* STEP_ARM */
dead:	locked = false
}

proctype confirm() {
	byte mine;
	bool late = false;

	atomic { LOCK; mine = boots };
	recover();
	atomic { ALIVE; if :: open != TRIAL -> goto dead :: else fi };
	atomic { ALIVE; open = CONFIRMING }	may_die();	/* STEP_JOURNAL_CONFIRMING */
#ifdef DISK_FIRST
	atomic { ALIVE; current = NEW }		may_die();
#endif
	/* STEP_LOAD: one transaction; ENOENT if the element has run out */
	atomic { ALIVE;
#ifdef NO_COMPARE
		armed = false; gate = false; rules = NEW; assert(!ran_out)
#else
		if :: armed -> armed = false; gate = false; rules = NEW; assert(!ran_out)
		   :: else -> late = true
		fi
#endif
	}
						may_die();
	if :: late ->
		atomic { ALIVE; gate = false }	may_die();	/* STEP_CLEAN */
		atomic { ALIVE; open = CLOSED }	may_die();	/* STEP_JOURNAL_ROLLED_BACK */
		atomic { ALIVE; told = TOLD_ENDED };
		goto dead
	   :: else
	fi;
	atomic { ALIVE; current = NEW }		may_die();	/* STEP_CURRENT */
	atomic { ALIVE; open = CLOSED; confirmed = true } may_die(); /* STEP_JOURNAL_CONFIRMED */
	atomic { ALIVE; told = TOLD_CONFIRMED };
dead:	locked = false
}

proctype rollback() {
	byte mine;

	atomic { LOCK; mine = boots };
	recover();
	atomic { ALIVE; if :: open != TRIAL -> goto dead :: else fi };
	atomic { ALIVE; armed = false }		may_die();	/* STEP_DISARM */
	atomic { ALIVE; gate = false }		may_die();	/* STEP_CLEAN */
	atomic { ALIVE; open = CLOSED }		may_die();	/* STEP_JOURNAL_ROLLED_BACK */
	atomic { ALIVE; told = TOLD_ENDED };
dead:	locked = false
}

/* Extending takes the element and puts it back in one transaction. */
proctype extend() {
	byte mine;

	atomic { LOCK; mine = boots };
	recover();
	atomic { ALIVE; if :: open != TRIAL -> goto dead :: else fi };
#ifdef EXTEND_BLINDLY
	atomic { ALIVE; if :: gate -> armed = true; assert(!ran_out) :: else fi };
#else
	skip;		/* STEP_EXTEND: ENOENT changes nothing, else it was armed */
#endif
	may_die();
dead:	locked = false
}

/* ---- the world ---- */

proctype kernel() {
	do
	:: atomic { armed -> armed = false; ran_out = true }	/* deadline, stop */
	:: atomic { boots < 2 -> boots++; armed = false; ran_out = true; gate = false; rules = current }
	:: atomic { flushes < 1 -> flushes++; armed = false; ran_out = true; gate = false; rules = NONE }
	:: break
	od
}

/* The administrator, or what watches, loads what is current again. */
proctype heal() {
	byte mine;

	atomic { LOCK; mine = boots };
	recover();
	atomic { ALIVE; if :: open == CLOSED && rules == NONE -> rules = current :: else fi };
dead:	locked = false
}

init {
	atomic { run kernel(); run apply_trial() };
	if :: run confirm() :: run rollback() :: run extend() :: run apply_trial() :: run heal() fi;
	if :: run confirm() :: run rollback() :: run extend() fi;
	run confirm();
	(_nr_pr == 1);
	armed = false;			/* all deadlines pass */
	deaths = LIVES;
	run heal();
	(_nr_pr == 1);
	run heal();			/* the next command */
	(_nr_pr == 1);
	/* Who was told "confirmed" has it, whatever happened since. */
	assert(told != TOLD_CONFIRMED || (current == NEW && rules == NEW));
	/* Kernel and disk agree. */
	assert(rules == current);
	/* New rules stay only where the journal says so. */
	assert(rules != NEW || confirmed);
	/* Nothing stays open, and nothing of a trial stays in the kernel. */
	assert(open == CLOSED && !gate && !armed)
}
