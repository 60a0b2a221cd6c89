# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Completion of mailwall(8) for bash: the words are those of the table in
# tools/main.c and of the options in tools/cmd_*.c. Source this file, or
# install it as share/bash-completion/completions/mailwall.

_mailwall_words()
{
	mapfile -t COMPREPLY < <(compgen -W "$1" -- "$2")
}

# Policies and the folders that they may lie in.
_mailwall_policies()
{
	local name

	compopt -o filenames 2>/dev/null
	while IFS= read -r name; do
		[[ -d $name || $name == *.policy ]] && COMPREPLY+=("$name")
	done < <(compgen -f -- "$1")
	((${#COMPREPLY[@]})) || mapfile -t COMPREPLY < <(compgen -f -- "$1")
}

_mailwall_options()
{
	case $1 in
	check)	  echo "-D -h --help -j --json -q --quiet -s --strict" ;;
	generate) echo "-D -f --format -h --help -o --output -q --quiet" ;;
	apply)	  echo "-D -h --help -j --json -n --dry-run -q --quiet" ;;
	status)	  echo "-D -h --help -j --json -v --verify" ;;
	exempt)	  echo "-c --class -f --for -h --help -j --json" ;;
	replay)	  echo "-D -a --attempts -h --help -i --interface -j --json" \
			"-m --memory -p --policy -q --quiet -t --top" \
			"-w --no-warmup" ;;
	watch)	  echo "-D -a --attempts -e --every -g --group -h --help" \
			"-I --incoming -i --interface -j --json -m --memory" \
			"-o --openings -p --policy -q --quiet -s --state" \
			"-u --user -w --no-warmup" ;;
	remove | ports) echo "-h --help -j --json" ;;
	esac
}

_mailwall()
{
	local commands="check generate apply remove status exempt replay watch ports help version"
	local current=${COMP_WORDS[COMP_CWORD]}
	local previous=${COMP_WORDS[COMP_CWORD - 1]}
	local command=${COMP_WORDS[1]}

	COMPREPLY=()
	if ((COMP_CWORD == 1)); then
		_mailwall_words "$commands" "$current"
		return
	fi
	case $command:$previous in
	generate:-f | generate:--format)
		_mailwall_words "nft json netlink" "$current"
		return ;;
	generate:-o | generate:--output)
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -f -- "$current")
		return ;;
	exempt:-f | exempt:--for)
		_mailwall_words "1h 24h 7d 30d" "$current"
		return ;;
	exempt:-c | exempt:--class)
		_mailwall_words "exempt flagged" "$current"
		return ;;
	replay:-p | replay:--policy | watch:-p | watch:--policy)
		_mailwall_policies "$current"
		return ;;
	replay:-i | replay:--interface | watch:-i | watch:--interface | \
		watch:-I | watch:--incoming)
		_mailwall_words "$(cd /sys/class/net 2>/dev/null && echo *)" \
			"$current"
		return ;;
	replay:-m | replay:--memory | watch:-m | watch:--memory)
		_mailwall_words "64M 256M 1G 4G" "$current"
		return ;;
	watch:-s | watch:--state)
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -f -- "$current")
		return ;;
	watch:-u | watch:--user)
		mapfile -t COMPREPLY < <(compgen -u -- "$current")
		return ;;
	watch:-e | watch:--every)
		_mailwall_words "10s 60s 5m" "$current"
		return ;;
	replay:-t | replay:--top | watch:-g | watch:--group)
		return ;;
	check:-D | generate:-D | apply:-D | status:-D | replay:-D | watch:-D)
		return ;;
	esac
	if [[ $current == -* ]]; then
		_mailwall_words "$(_mailwall_options "$command")" "$current"
		return
	fi
	case $command in
	check | generate | apply | status)
		_mailwall_policies "$current" ;;
	replay)
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -f -- "$current") ;;
	exempt)
		((COMP_CWORD == 2)) &&
			_mailwall_words "add remove list" "$current" ;;
	help)
		((COMP_CWORD == 2)) && _mailwall_words "$commands" "$current" ;;
	esac
}

complete -F _mailwall mailwall
