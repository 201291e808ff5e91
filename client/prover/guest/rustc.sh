#!/usr/bin/env bash
# The compiler as cargo calls it: compiler_builtins is not part of the module that build.sh generates code for, so it
# gets no wide arithmetic (README, "Build").
arguments=("$@")
case " $* " in
*' --crate-name compiler_builtins '*) arguments=("${arguments[@]/+wide-arithmetic/-wide-arithmetic}") ;;
esac
exec "${arguments[@]}"
