# Compiler and linker flags of every target of ours (third-party and generated headers are SYSTEM).
# SPDX-License-Identifier: MIT
add_library(cft_flags INTERFACE)
add_library(cft_c_warnings INTERFACE)

target_include_directories(cft_flags INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_definitions(cft_flags INTERFACE _GNU_SOURCE CFT_VERSION="${PROJECT_VERSION}")
target_compile_options(cft_flags INTERFACE
	-Wall -Wextra -Wpedantic -Wshadow -Wwrite-strings -Wvla -Wundef -Wformat=2
	-Wcast-align -fno-common
	# uthash's macros fall through, unannotated for clang; gcc checks the same code.
	$<$<C_COMPILER_ID:GNU>:-Wimplicit-fallthrough>
	# Tables and {0} leave the tail of a struct to be zero, on purpose.
	-Wno-missing-field-initializers)
target_compile_options(cft_c_warnings INTERFACE
	$<$<COMPILE_LANGUAGE:C>:-Wstrict-prototypes -Wmissing-prototypes -Wnull-dereference
	-Wconversion -Wno-sign-conversion>)
if(CFT_WERROR)
	target_compile_options(cft_flags INTERFACE -Werror)
endif()

# Relative paths in __FILE__ and in debug information: builds are reproducible and name no machine.
target_compile_options(cft_flags INTERFACE -ffile-prefix-map=${CMAKE_SOURCE_DIR}/=)

if(CFT_SANITIZE)
	target_compile_options(cft_flags INTERFACE -fsanitize=${CFT_SANITIZE}
		-fno-sanitize-recover=undefined -fno-omit-frame-pointer -g -O1)
	target_link_options(cft_flags INTERFACE -fsanitize=${CFT_SANITIZE})
elseif(CMAKE_BUILD_TYPE STREQUAL "Release")
	# Asserts stay on in release: they are cheap, and a wrong state must stop, not spread.
	string(REPLACE "-DNDEBUG" "" CMAKE_C_FLAGS_RELEASE "${CMAKE_C_FLAGS_RELEASE}")
	string(REPLACE "-O3" "-O2" CMAKE_C_FLAGS_RELEASE "${CMAKE_C_FLAGS_RELEASE}")
	target_compile_options(cft_flags INTERFACE -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3
		-fstack-protector-strong -fstack-clash-protection -fcf-protection -g1)
	target_link_options(cft_flags INTERFACE -pie -Wl,-z,relro,-z,now $<$<LINK_LANGUAGE:C>:-static-libgcc>)
endif()
