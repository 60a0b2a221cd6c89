# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Completion of mailwall(8) for bash. The program itself is asked what there is
# (mailwall help --complete, mailwall help --complete COMMAND), so commands,
# options, types and words are those of its rows. Source this file, or install
# it as share/bash-completion/completions/mailwall.

_mailwall_words()
{
	mapfile -t COMPREPLY < <(compgen -W "$1" -- "$2")
}

_mailwall_files()
{
	compopt -o filenames 2>/dev/null
	mapfile -t COMPREPLY < <(compgen -f -- "$1")
}

# Policies and the folders that they may lie in.
_mailwall_policies()
{
	local name

	compopt -o filenames 2>/dev/null
	while IFS= read -r name; do
		[[ -d $name || $name == *.policy ]] && COMPREPLY+=("$name")
	done < <(compgen -f -- "$1")
	((${#COMPREPLY[@]})) || _mailwall_files "$1"
}

_mailwall_commands()
{
	_mailwall_words "$("$1" help --complete 2>/dev/null | cut -f 1)" "$2"
}

# $1 type, $2 words to offer, $3 what is typed
_mailwall_value()
{
	case $1 in
	policy)	   _mailwall_policies "$3" ;;
	file)	   _mailwall_files "$3" ;;
	folder)	   compopt -o filenames 2>/dev/null
		   mapfile -t COMPREPLY < <(compgen -d -- "$3") ;;
	interface) _mailwall_words \
			"$(cd /sys/class/net 2>/dev/null && echo *)" "$3" ;;
	user)	   mapfile -t COMPREPLY < <(compgen -u -- "$3") ;;
	*)	   [[ $2 == - ]] || _mailwall_words "$2" "$3" ;;
	esac
}

_mailwall()
{
	local program=${COMP_WORDS[0]}
	local current=${COMP_WORDS[COMP_CWORD]}
	local previous=${COMP_WORDS[COMP_CWORD - 1]}
	local name letter type words often names='' operand='' offered=-

	COMPREPLY=()
	program=${program/#\~/$HOME}
	type -P "$program" >/dev/null || program=/usr/sbin/mailwall
	if ((COMP_CWORD == 1)); then
		_mailwall_commands "$program" "$current"
		return
	fi
	while IFS=$'\t' read -r name letter type _ words often _; do
		if [[ $name == operand ]]; then
			operand=$type offered=$words
			[[ $often == often && $words == - ]] ||
				((COMP_CWORD == 2)) || operand=''
			continue
		fi
		names+=" $name"
		[[ $letter == - ]] || names+=" $letter"
		if [[ $type != flag && $previous == -* &&
			($previous == "$name" || $previous == "$letter") ]]; then
			_mailwall_value "$type" "$words" "$current"
			return
		fi
	done < <("$program" help --complete "${COMP_WORDS[1]}" 2>/dev/null)
	if [[ $current == -* ]]; then
		_mailwall_words "$names" "$current"
	elif [[ $operand == command ]]; then
		_mailwall_commands "$program" "$current"
	elif [[ $operand ]]; then
		_mailwall_value "$operand" "$offered" "$current"
	fi
}

complete -F _mailwall mailwall
