# cft_module(NAME dir/ [LINK libs…]): a static library of every .c file in the calling directory.
# cft_program(NAME LINK libs…): a program of ours.
# SPDX-License-Identifier: MIT
function(cft_module name)
	cmake_parse_arguments(arg "" "DIR" "LINK" ${ARGN})
	if(NOT arg_DIR)
		set(arg_DIR ${name})
	endif()
	file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${arg_DIR}/*.c)
	if(NOT sources)
		add_library(cft_${name} INTERFACE)
		target_link_libraries(cft_${name} INTERFACE ${arg_LINK})
		return()
	endif()
	add_library(cft_${name} STATIC ${sources})
	target_link_libraries(cft_${name} PUBLIC ${arg_LINK} PRIVATE cft_flags cft_c_warnings)
endfunction()

function(cft_program name)
	cmake_parse_arguments(arg "" "" "SOURCES;LINK" ${ARGN})
	add_executable(${name} ${arg_SOURCES})
	target_link_libraries(${name} PRIVATE ${arg_LINK} cft_flags cft_c_warnings)
	# Symbols of the static archives stay ours alone: libpq brings its own libssl, and libpg_query
	# defines names such as list_free and errstart that shared libraries must never bind to.
	target_link_options(${name} PRIVATE -Wl,--exclude-libs,ALL -Wl,--as-needed)
endfunction()
